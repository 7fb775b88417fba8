"""Everything that computes: values and arrays in, values and arrays out. Opens no file, knows no place."""
