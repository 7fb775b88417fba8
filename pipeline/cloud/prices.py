"""The prices of rented machines."""

from __future__ import annotations

from collections.abc import Mapping

PRICES_DATE = "2026-11"
"""When these prices were looked up: modal.com/pricing. A config overrides them in `[compute] prices`."""

PRICES: Mapping[str, float] = {
    "T4": 0.000164,
    "L4": 0.000222,
    "A10": 0.000306,
    "L40S": 0.000542,
    "A100-40GB": 0.000583,
    "A100-80GB": 0.000694,
    "H100": 0.001097,
    "core": 0.0000131,
    "memory": 0.00000222,
}
"""Dollars a second: of a GPU, of a CPU core, of a GiB of memory."""
