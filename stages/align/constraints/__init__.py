"""What holds before the search: fixed beads and matched headings."""
