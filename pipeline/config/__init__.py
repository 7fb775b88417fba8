"""The config of a run: its sections, how they are checked, and how what is wrong is told."""
