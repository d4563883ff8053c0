"""Choices that are drawn often, by strategies that are made once: to make one costs more than to draw from it."""

from collections.abc import Sequence
from functools import cache
from math import prod
from typing import Any, TypeVar

from hypothesis import strategies as st

Each = TypeVar("Each")


@cache
def below(number: int) -> st.SearchStrategy[int]:
    """A place among so many."""
    return st.integers(0, number - 1)


def one_of_these(draw: st.DrawFn, these: Sequence[Each]) -> Each:
    """Any of what is known only while an example is drawn, each as likely."""
    return these[draw(below(len(these)))]


def one_of_each(*these: Sequence[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """A tuple of one of each, all by a single draw."""
    return below(prod(map(len, these))).map(lambda number: picked(number, these))


def picked(number: int, these: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
    """What a number stands for: one of each, every combination by as many numbers."""
    found = []
    for each in these:
        number, place = divmod(number, len(each))
        found.append(each[place])
    return tuple(found)
