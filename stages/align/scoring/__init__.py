"""What a bead is judged by: similarities, sums, punctuation, weights."""
