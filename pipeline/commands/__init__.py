"""The commands of `bitext`, each with its options, what it does and what it prints."""
