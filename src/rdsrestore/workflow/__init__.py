"""A plan of steps, and how it is carried out, written down, taken back and gone on with."""
