"""Batches of texts of similar length, so that little of what a model computes is padding. N texts."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item")


def longest_first(lengths: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return the texts from the longest to the shortest, equals in their order: intp array of shape (N,).

    Longest first, because a batch that doesn't fit into memory then shows at once.
    """
    return np.argsort(-lengths.astype(np.int64), kind="stable")


def cut_batches(lengths: NDArray[np.integer], max_tokens: int) -> Iterator[NDArray[np.intp]]:
    """Yield the rows of each batch: texts of similar length that fill at most `max_tokens`, padding included.

    lengths : int array of shape (N,), tokens of each text. A text longer than `max_tokens` is a batch by itself.
    """
    order = longest_first(lengths)
    start = 0
    while start < len(order):
        n_rows = max(1, max_tokens // max(1, int(lengths[order[start]])))
        yield order[start : start + n_rows]
        start += n_rows


def read_ahead(items: Iterator[Item], n_ahead: int) -> Iterator[Item]:
    """Yield items that another thread makes, up to `n_ahead` before they are asked for.

    An error in making one is raised where it would have been yielded.
    """
    end = object()
    with ThreadPoolExecutor(1) as thread:
        waiting = [thread.submit(next, items, end) for _ in range(n_ahead)]
        while (item := waiting.pop(0).result()) is not end:
            waiting.append(thread.submit(next, items, end))
            yield item  # type: ignore[misc]
