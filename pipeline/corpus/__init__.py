"""Corpus: find, read, decode and hash the documents and pairs that are to be aligned."""
