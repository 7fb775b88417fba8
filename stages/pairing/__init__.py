"""Find which documents of two languages belong together, from the vectors of their sentences."""
