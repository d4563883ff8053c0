"""Strategies that laws draw from often, made once: to make one costs more than to draw from it."""

from collections.abc import Sequence
from functools import cache
from typing import TypeVar

from hypothesis import strategies as st

Each = TypeVar("Each")


@cache
def below(number: int) -> st.SearchStrategy[int]:
    """A number from 0 to `number` - 1."""
    return st.integers(0, number - 1)


@cache
def orders(number: int) -> st.SearchStrategy[list[int]]:
    """The numbers from 0 to `number` - 1 in any order."""
    return st.permutations(range(number))


def one_of_these(draw: st.DrawFn, these: Sequence[Each]) -> Each:
    """As `st.sampled_from`, for a sequence that is known only while an example is drawn."""
    return these[draw(below(len(these)))]
