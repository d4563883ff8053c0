"""A thousand segments on sixty dials: what strategists of several teams ask of the same people."""

from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any

from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure.closures import ChannelRules
from streams.domain.segments.conditions import SegmentDefinition
from streams.domain.segments.definition_files import read_segment
from streams.domain.segments.resolution import Segment, resolve

SEGMENTS = 1_000

Table = dict[str, Any]

_WINDOWS = ("30d", "90d", "365d")
_TOUCH_WINDOWS = ("1d", "7d", "30d")


_FEW = tuple({"at_least": number} for number in (1, 2, 3, 5))
_MONEY = tuple({"at_least": amount} for amount in (2_500, 10_000, 25_000, 100_000))
_ACTS = tuple({"at_least": number} for number in (0.5, 1, 3))


def dials() -> Iterator[tuple[Table, tuple[Table, ...]]]:
    """What is asked of people, and the comparisons that are used with it."""
    for what, window in product(("count", "sum"), _WINDOWS):
        yield {"gifts": what, "within": window}, _FEW if what == "count" else _MONEY
    yield {"gifts": "count"}, _FEW
    yield {"gifts": "sum", "currency": "USD"}, _MONEY
    yield {"gifts": "net", "currency": "USD"}, _MONEY
    yield {"gifts": "net", "committee": "C1", "within": "365d"}, _MONEY
    for what, window in product(("attempts", "contacts"), _WINDOWS[:2]):
        yield {"canvass": what, "within": window}, _FEW
    for channel, window in product(("email", "text", "phone", "door"), _TOUCH_WINDOWS):
        yield {"touches": "count", "channel": channel, "within": window}, _FEW
    yield {"touches": "count", "within": "30d"}, _FEW
    for head, window in product(("opens", "clicks"), ("7d", "30d", "90d", "400d")):
        yield {head: "human", "within": window}, _ACTS
    for which, window in product(("first", "last"), _WINDOWS):
        yield {"seen": which, "within": window}, ({},)
    yield from _words()


def _words() -> Iterator[tuple[Table, tuple[Table, ...]]]:
    yield {}, tuple({"support": list(wanted)} for wanted in ((1,), (1, 2), (3,), (4, 5)))
    yield {}, tuple({"unanswered_mails": number} for number in (3, 5, 10))
    yield {}, tuple({"region": f"US-{state}"} for state in ("NY", "OH", "CA", "PA", "FL", "TX", "MI", "WI"))
    yield {}, tuple({"postal_code": prefix} for prefix in ("1", "10", "441", "606", "9"))
    yield from (({"tag": tag}, ({},)) for tag in ("volunteer", "host", "driver", "union", "student"))
    for channel in ("email", "text", "phone", "door"):
        yield {"channel": channel}, ({"is": "open"}, {"is": "closed"})
    for channel in ("email", "text"):
        yield {"consent": channel}, ({"is": True}, {"is": False})
    for election in ("2012-primary", "2012-general"):
        yield {"ballot": election}, ({"status": ["requested", "sent"]}, {"status": ["voted"]})
    yield from (({"experiment": experiment}, ({},)) for experiment in ("x1", "x2"))


def segments(rules: ChannelRules, count: int, seed: int) -> dict[str, Segment]:
    """So many segments of two to five conditions each, a third of them with alternatives."""
    return {**resolve(definitions(count, seed), rules).segments}


def definitions(count: int, seed: int) -> list[SegmentDefinition]:
    """Their definitions."""
    rng, asked = Random(seed), list(dials())
    found = []
    for number in range(count):
        table: Table = {"id": f"s{number}", "all": [_condition(rng, asked) for _ in range(rng.randint(2, 4))]}
        if rng.random() < 0.3:
            table["any"] = [_condition(rng, asked) for _ in range(2)]
        if rng.random() < 0.3:
            table["none"] = [_condition(rng, asked)]
        definition = read_segment(table)
        if isinstance(definition, FileMistakes):
            raise ValueError(str(definition))
        found.append(definition)
    return found


def _condition(rng: Random, asked: list[tuple[Table, tuple[Table, ...]]]) -> Table:
    what, compared = rng.choice(asked)
    return what | rng.choice(compared)
