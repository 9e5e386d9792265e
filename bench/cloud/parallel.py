"""Calls side by side."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar('T')
R = TypeVar('R')


def run(count: int, function: Callable[[T], R], values: Sequence[T]) -> list[R]:
    """Call a function with each of the values, at most ``count`` at a time."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(function, values))
