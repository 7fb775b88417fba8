"""Runs that are over: write the record of a run, and read it again."""
