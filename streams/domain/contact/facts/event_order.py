"""The order of what happened, for everything that is kept of it."""

from typing import TypeAlias

Stamp: TypeAlias = tuple[int, str, str]
"""(time, source, id): the order of facts, total within one contact. Time in ms since 1970."""
