"""Correct a run in the browser: the pairs on a person's desk, and the small server that brings them there."""
