"""Search: the lattice of paths, how good and how likely the ways through it are."""
