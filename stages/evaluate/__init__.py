"""Evaluate: compare alignments with gold, confidences with what was right, encoders with those that are known."""
