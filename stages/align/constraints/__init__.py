"""Constraints that hold before the search: fixed beads and matched headings."""
