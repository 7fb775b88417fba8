"""Scores of beads: similarities, sums in place of overlaps, punctuation, features and weights."""
