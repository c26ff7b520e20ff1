"""The words of the job. Pure: nothing here reads or changes the world."""
