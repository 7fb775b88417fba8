"""Anchors: finding them, chaining them, and what they say of a pair."""
