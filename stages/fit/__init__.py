"""Fit the weights of the log-linear method to pairs with known beads."""
