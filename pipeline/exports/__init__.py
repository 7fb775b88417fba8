"""The files that people use: written by format, named, and put in place all at once."""
