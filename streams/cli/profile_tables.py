"""Turns a profile into tables for people: values by path, lists as tables, and the names of empty parts."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from events.json_types import JSON
from events.times import parse_time
from streams.domain.money import money

_is_currency = re.compile(r"[A-Z]{3}").fullmatch

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListTable:
    """A list of the profile as a table; `path` as in `facts`."""

    path: str
    columns: tuple[str, ...]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class ProfileTables:
    """A profile as tables. `facts`: path and value. `unknown`: names of the parts without a value."""

    facts: Sequence[tuple[str, str]]
    lists: Sequence[ListTable]
    unknown: Sequence[str]


def profile_tables_of(profile: Mapping[str, JSON]) -> ProfileTables:
    """The tables of a whole profile, in its order."""
    facts: list[tuple[str, str]] = []
    lists: list[ListTable] = []
    unknown: list[str] = []
    for name, part in profile.items():
        before = len(facts), len(lists)
        for path, value in _leaves(name, part):
            if isinstance(value, list):
                lists.append(_listed(path, value))
            else:
                facts.append((path, cell_at(path, value)))
        if (len(facts), len(lists)) == before:
            unknown.append(name)
    return ProfileTables(facts, lists, unknown)


def cell_at(path: str, value: JSON) -> str:
    """The value at a path of the profile as text; amounts, which are by currency, as money."""
    currency = path.rpartition(".")[2]
    if path.startswith("donations.") and _is_currency(currency) and isinstance(value, int):
        return money(value, currency)
    return cell_text(value)


def cell_text(value: JSON) -> str:
    """A value as text: times without zero thousandths, texts as they are, all else as JSON."""
    if not isinstance(value, str):
        return orjson.dumps(value).decode()
    return value.removesuffix("Z").removesuffix(".000").replace("T", " ") if _is_time(value) else value


def _is_time(text: str) -> bool:
    return len(text) == len("2012-02-22T00:00:00.000Z") and text[-5:-4] == "." and parse_time(text) is not None


def _leaves(path: str, value: JSON) -> Iterator[tuple[str, JSON]]:
    """The values of a part with their paths; a list of objects is one value, and empty ones are left out."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(f"{path}.{name}", part)
    elif isinstance(value, list) and value and not isinstance(value[0], dict):
        yield path, ", ".join(map(cell_text, value))
    elif value is not None and value != []:
        yield path, value


def _listed(path: str, items: Sequence[JSON]) -> ListTable:
    objects = [item for item in items if isinstance(item, dict)]
    columns = tuple(dict.fromkeys(name for item in objects for name in item))
    return ListTable(path, columns, [tuple(_cell(item, name) for name in columns) for item in objects])


def _cell(item: Mapping[str, JSON], name: str) -> str:
    value, currency = item.get(name), item.get("currency")
    if name == "amount" and isinstance(value, int) and isinstance(currency, str):
        return money(value, currency)
    return "" if value is None else cell_text(value)


def change_lines(path: str, was: JSON, now: JSON) -> Iterator[str]:
    """Lines on the change of the value at a path; of a list what is new in it and what is gone."""
    if not isinstance(was, list) and not isinstance(now, list):
        yield f"{cell_at(path, was)} → {cell_at(path, now)}"
        return
    before, after = (value if isinstance(value, list) else [] for value in (was, now))
    yield from (f"+ {_item(item)}" for item in after if item not in before)
    yield from (f"- {_item(item)}" for item in before if item not in after)


def _item(item: JSON) -> str:
    return " ".join(_cell(item, name) for name in item) if isinstance(item, dict) else cell_text(item)
