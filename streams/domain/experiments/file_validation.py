"""What a file may not say though the topic may: definitions that are there already stay readable as they are."""

from collections.abc import Iterable, Iterator, Mapping

from events.experiments.metrics import GUARDRAILS, METRICS
from streams.domain.file_mistakes import FileMistake


def _listed(names: Iterable[str]) -> str:
    """`a, b or c`."""
    *rest, last = names
    return f"{', '.join(rest)} or {last}" if rest else last


_CURE = f"name {_listed(GUARDRAILS)} there, and what is to be judged in metrics"


def stricter(table: Mapping[str, object]) -> Iterator[FileMistake]:
    """The mistakes of a table that has not been checked otherwise yet."""
    yield from _names(table.get("variants"))
    yield from _guardrails(table.get("guardrails"))


def _names(variants: object) -> Iterator[FileMistake]:
    """Spaces that nobody sees: tools that report the name without them would report another variant."""
    for name in variants if isinstance(variants, dict) else ():
        if name and name != name.strip():
            cure = f"write it {name.strip()!r}" if name.strip() else "give it a name that can be seen"
            yield FileMistake("variants", f"{name!r} has space at its ends", cure)


def _guardrails(named: object) -> Iterator[FileMistake]:
    """A metric that nobody would watch; what is no metric is told of with the rest."""
    if not isinstance(named, list):
        return
    if unwatched := [metric for metric in METRICS if metric in named and metric not in GUARDRAILS]:
        yield FileMistake("guardrails", f"nobody watches {_listed(unwatched)} for harm", _CURE)
