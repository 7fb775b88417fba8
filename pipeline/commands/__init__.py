"""The commands beside `run`, each with what it does and what it prints."""
