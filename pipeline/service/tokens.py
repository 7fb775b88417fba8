"""The token that requests need: checked wherever a service starts."""

from __future__ import annotations

from pipeline.errors import ConfigError
from pipeline.service.wire import TOKEN

SHORTEST_TOKEN = 16
"""Characters."""


def check_token(token: str | None, only_loopback: bool = False) -> None:
    """Raise ConfigError for a token that can be guessed, or none where others than this machine can ask."""
    if token is None and only_loopback:
        return
    if token is None or not token.isascii() or len(token.strip()) < SHORTEST_TOKEN:
        has = "it is not set" if token is None else "it is empty" if not token else "this one has not"
        raise ConfigError(f"{TOKEN} must have at least {SHORTEST_TOKEN} ASCII characters; {has}")
