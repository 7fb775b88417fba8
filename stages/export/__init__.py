"""Export: write beads with their texts in the formats that other programs and people read."""
