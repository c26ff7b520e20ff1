"""A filled table that takes the place of an emptied one, with what was written to it since."""
