"""The stages in order, and the places that run them."""
