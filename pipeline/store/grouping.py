"""Put together what is small, up to a size: what is read, written or merged at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def grouped(items: Iterable[Item], size_of: Callable[[Item], int], most: int) -> Iterator[list[Item]]:
    """Cut items, in their order, into groups of at most such a size; one that is larger is a group of its own."""
    group: list[Item] = []
    size = 0
    for item in items:
        of_item = size_of(item)
        if group and size + of_item > most:
            yield group
            group, size = [], 0
        group.append(item)
        size += of_item
    if group:
        yield group
