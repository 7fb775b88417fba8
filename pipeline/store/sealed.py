"""Records as JSON that hold a digest of themselves, so that one in which a bit is wrong is none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

DIGEST = "digest"
"""The last key of a record."""


def seal(values: Mapping[str, Any], indent: int | None = None) -> str:
    """Return values as JSON with a digest of them."""
    return json.dumps({**values, DIGEST: _digest(values)}, ensure_ascii=False, indent=indent) + "\n"


def unseal(text: str) -> dict[str, Any]:
    """Return the values of a record; raises ValueError where they are not what was written."""
    values = json.loads(text)
    if not isinstance(values, dict) or values.pop(DIGEST, None) != _digest(values):
        raise ValueError("the digest of the record is wrong")
    return values


def _digest(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]
