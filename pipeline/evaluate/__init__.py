"""Compare beads with gold, and fit weights to it."""
