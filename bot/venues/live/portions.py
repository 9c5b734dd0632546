"""Cutting a long list into what goes out at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def portions(of: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """``of`` in pieces of ``size``, the last one shorter."""
    return (of[start : start + size] for start in range(0, len(of), size))
