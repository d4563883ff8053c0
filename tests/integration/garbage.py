"""Records as nobody should send them: valid events with one thing broken, and plain noise. Seeded."""

import gzip
import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import NamedTuple

from events.json_types import JSON
from events.registry import TOPICS_OF
from tests.integration.said import MODES, Event, Headers, structured
from tests.unit.events.records import REQUIRED

Encoded = tuple[bytes | None, Headers]
Break = Callable[[Event, Random], Encoded]

ONE_VALID_IN = 50
_ODD: tuple[JSON, ...] = (None, True, 0, -1, 10**14 + 1, 1.5, "", " ", "x", [], {}, [[]], {"a": 1}, "9" * 5000)
_HUGE: tuple[JSON, ...] = (10**19, -(2**63) - 1, 10**400, 1e308, float("inf"), float("-inf"), float("nan"))
_TIMES = ("", "now", "2012-02-22", "2012-02-22T10:00:00", "2012-13-01T00:00:00Z", "9999-01-01T00:00:00Z", "1.3e9")
_PEOPLE: list[JSON] = json.loads("""
    [null, [], "c1", {}, {"region": "US-NY"}, {"contact_id": "no spaces"}, {"contact_id": "a\\n"}, {"voter_id": "ny"},
     {"email": "nobody"}, {"email": 1}, {"phone": "12"}, {"external": {}}, {"external": {"van": null}}]
""")


class Draft(NamedTuple):
    """A record that is not sent yet."""

    value: bytes | None
    headers: Headers
    key: bytes | None


def drafts(topic: str, count: int, run: str, rng: Random) -> Iterator[Draft]:
    """So many records for a topic, every fiftieth of them valid, the others broken by turns; `run` is in all ids."""
    types = sorted(type_ for type_, topics in TOPICS_OF.items() if topic in topics)
    for number in range(count):
        said = _event(rng.choice(types), f"{run}-{number}", rng)
        broken = _intact if number % ONE_VALID_IN == 0 else BREAKS[number % len(BREAKS)]
        value, headers = broken(said, rng)
        key = rng.choice([None, b"", rng.randbytes(5), b"somebody"])
        yield Draft(value, headers, b"no value" if value is None else key)


def _event(type_: str, name: str, rng: Random) -> Event:
    people: list[dict[str, JSON]] = [
        {"contact_id": name},
        {"voter_id": f"ny:{name}", "region": "US-NY"},
        {"external": {"van": name}, "time_zone": "America/New_York"},
        {"email": f"{name}@example.org"},
    ]
    body: dict[str, JSON] = {**deepcopy(REQUIRED[type_]), "contact": rng.choice(people)}
    if "contact_ids" in body:
        body["contact_ids"] = [f"{name}-a", f"{name}-b"]
    head: Event = {"specversion": "1.0", "id": name, "source": "noise/tests", "type": type_}
    return {**head, "time": "2012-02-22T10:00:00Z", "data": body}


def _intact(said: Event, rng: Random) -> Encoded:
    return MODES[rng.choice(list(MODES))](said)


def _on_event(change: Callable[[Event, Random], None]) -> Break:
    def broken(said: Event, rng: Random) -> Encoded:
        change(said, rng)
        return _intact(said, rng)

    return broken


def _on_bytes(change: Callable[[bytes, Random], bytes | None]) -> Break:
    def broken(said: Event, rng: Random) -> Encoded:
        value, headers = structured(said)
        return change(value, rng), headers if rng.random() < 0.5 else []

    return broken


def _objects(value: JSON) -> Iterator[dict[str, JSON]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _objects(inner)


def _without_a_field(said: Event, rng: Random) -> None:
    where = rng.choice([found for found in _objects(said) if found])
    del where[rng.choice(list(where))]


def _with(values: tuple[JSON, ...]) -> Callable[[Event, Random], None]:
    def change(said: Event, rng: Random) -> None:
        where = rng.choice([found for found in _objects(said) if found])
        where[rng.choice(list(where))] = rng.choice(values)

    return change


def _set(name: str, values: tuple[JSON, ...]) -> Callable[[Event, Random], None]:
    def change(said: Event, rng: Random) -> None:
        said[name] = rng.choice(values)

    return change


def _somebody_odd(said: Event, rng: Random) -> None:
    said["data"] = {**deepcopy(REQUIRED[str(said["type"])]), "contact": rng.choice(_PEOPLE)}


def _nested(said: Event, rng: Random) -> None:
    value: JSON = 1
    for _ in range(rng.choice([7, 8, 9, 400])):
        value = {"a": value} if rng.random() < 0.5 else [value]
    said["data"] = {"contact": {"contact_id": said["id"]}, "unknown": value}


def _with_bits_flipped(value: bytes, rng: Random) -> bytes:
    flipped = bytearray(value)
    for _ in range(rng.randint(1, 8)):
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
    return bytes(flipped)


def _too_deep(value: bytes, rng: Random) -> bytes:
    depth = rng.choice([1023, 1024, 1025, 5000])
    return value[:-1] + b',"deep":' + b"[" * depth + b"]" * rng.choice([depth, depth - 1]) + b"}"


def _with_a_key_twice(value: bytes, rng: Random) -> bytes:
    return value[:-1] + b"," + rng.choice([b'"id":""', b'"data":null', b'"type":"x"', b'"time":"now"', b'"":1']) + b"}"


def _with_text_that_is_none(value: bytes, rng: Random) -> bytes:
    text = rng.choice([b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\\ud800", b"\\udc00\\ud800", b"\\u00", b"\x00", b"\n"])
    return value.replace(b"noise", b"noi" + text + b"se")


def _in_other_clothes(value: bytes, rng: Random) -> bytes:
    text = value.decode()
    return rng.choice(
        [
            *(b"\xef\xbb\xbf" + value, text.encode("utf-16"), gzip.compress(value, mtime=0), value + value),
            *(value + b"}", b"[" + value + b"]", json.dumps(text).encode(), b"'" + value + b"'", value.upper()),
        ]
    )


def _binary_with_odd_headers(said: Event, rng: Random) -> Encoded:
    value, headers = MODES["binary"](said)
    name, _ = headers[rng.randrange(len(headers))]
    odd = rng.choice([b"", b"\xff\xfe", b"\x00", b"null", "ü".encode("latin-1"), b"1.0", b"x" * 2000])
    return value, rng.choice([[pair for pair in headers if pair[0] != name], [*headers, (name, odd)], [(name, odd)]])


def _with_letters_headers(said: Event, rng: Random) -> Encoded:
    value, headers = structured(said)
    return value[: rng.randrange(len(value))], [("dl_reason", b"memo_entry"), ("dl_offset", b"x"), *headers]


BREAKS: tuple[Break, ...] = (
    _on_event(_without_a_field),
    _on_event(_with(_ODD)),
    _on_event(_with(_HUGE)),
    _on_event(_set("time", _TIMES)),
    _on_event(_set("type", ("", "email.forwarded", "contact.erased", "donation.made", "text.sent", 7))),
    _on_event(_set("dataschema", ("", "https://example.org/x/2", "2", 1))),
    _on_event(_somebody_odd),
    _on_event(_nested),
    _on_bytes(lambda _, rng: rng.randbytes(rng.randrange(300))),
    _on_bytes(_with_bits_flipped),
    _on_bytes(lambda value, rng: value[: rng.randrange(len(value))]),
    _on_bytes(_too_deep),
    _on_bytes(_with_a_key_twice),
    _on_bytes(_with_text_that_is_none),
    _on_bytes(_in_other_clothes),
    _on_bytes(lambda _, rng: rng.choice([None, b"", b" ", b"null", b"0", b'"x"', b"[]", b"{}", b"NaN", b"\x00"])),
    _binary_with_odd_headers,
    _with_letters_headers,
)
