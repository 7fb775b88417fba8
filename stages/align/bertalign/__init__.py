"""The two-pass method of Liu & Zhu (2022), kept as the baseline."""
