"""What a run leaves behind: its record, and reading it again."""
