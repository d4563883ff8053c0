"""Records of `interactions` at the edges of what is valid, and the models' answer to a record."""

from collections.abc import Iterable

from events.harmonised import read_harmonised
from events.json_types import JSON
from events.refusal import Refusal
from streams.domain.contact.facts.from_interactions import fact_of
from streams.domain.contact.state import Fact

_HEX = "0" * 32
_TEXTS: list[JSON] = [
    *("", "\n", "\x00", ":", "a:", ":a", "a:b", "a:\n", "a:b\n", "c\n", "x" * 64, "x" * 65),
    *("ü" * 256, "ü" * 257, "ü" * 1_024, "ü" * 1_025, "USD", "USD\n", "usd", "US-NY", "US-NY\n", "US-NYCC"),
    *(
        "NY",
        "NY\n",
        "ny",
        "America/New_York",
        "America/New_York\n",
        "America/Nowhere",
        "fundraising",
        "monthly",
        "door",
        "contacted",
    ),
    *(f"{kind}:{hash_}" for kind in ("voter", "email", "phone") for hash_ in (_HEX, _HEX + "\n", _HEX[1:], "٠" * 32)),
]
_NUMBERS: list[JSON] = [0, 1, 5, 6, -1, 10**14, 10**14 + 1, 2**63, 2**64 - 1, 1.0, 1.5, -1e300, True, False, None]
_LISTS: list[JSON] = [[], ["a"], [""], ["a"] * 32, ["a"] * 33, ["ü" * 1_024], ["ü" * 1_025], [1], [None], [[]]]


def _maps(names: Iterable[str], *values: JSON, **more: JSON) -> list[JSON]:
    return [{**more, name: value} for name in names for value in values]


_MAPS: list[JSON] = [
    {},
    *_maps(["a:b"], "", "ü" * 1_024, "ü" * 1_025, 1, 1.0, 2**64 - 1, True, None, [], {}),
    *_maps(["", "a", ":a", "a:", "a:\n", "a:b\n", "a:" + "ü" * 1_022, "a:" + "ü" * 1_023], 1),
    {f"a:{number}": number for number in range(64)},
    {f"a:{number}": number for number in range(65)},
    *_maps(["", "van", "van\n", "a\x1fb", "ü" * 256, "ü" * 257], f"external:{_HEX}"),
    *_maps(["van"], f"external:{_HEX}\n", f"email:{_HEX}", "77", 77, None),
    *_maps([f"email:{_HEX}", f"email:{_HEX}\n"], [], [f"phone:{_HEX}"], [f"phone:{_HEX}\n"], [1], None, {}),
    *_maps(["id"], "", "x", "ü" * 257, 1, None, variant="B"),
    *_maps(["variant"], "", "ü" * 1_024, "ü" * 1_025, 1, None, id="x"),
    *_maps(["variant"], "B", id="x", more=[None]),
    {"id": "x"},
]
EDGES: list[JSON] = [*_TEXTS, *_NUMBERS, *_LISTS, *_MAPS]
"""What may stand in a field, just within and just beyond what one or another allows."""


def by_the_models(value: bytes | None, appended_at: int) -> Fact | Refusal:
    """`read_fact` without the short way."""
    read = read_harmonised(value)
    if isinstance(read, Refusal):
        return read
    return fact_of((read.id, read.source, read.type, read.dataschema), read.time, read.data, appended_at)
