"""Converts rows of exports to interactions by a mapping file. Raises nothing, whatever a row holds."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import orjson

from events.adapters.drafts import Draft, DraftResult, adapter_failure, settle
from events.adapters.feed import AdapterResult, Feed, RefusedElement, SkippedElement
from events.adapters.mapping import SINCE_1970, Column, FieldSource, FieldTree, MappingFile, RowMapping
from events.adapters.values import minor_units, parse_moment, text_of
from events.json_types import JSON
from events.refusal import Reason, Refusal
from events.times import render_time

Row = Mapping[str, JSON]
_TRUE = frozenset("1 true yes y t x".split())
_FALSE = frozenset("0 false no n f".split())
_EXACT = 2**53
_NOTHING = SkippedElement("nothing_meant")


def read_row(row: Row, element: bytes, mapping: MappingFile, feed: Feed) -> list[AdapterResult]:
    """The results of a row, in the order of the mapping; it is skipped if no condition of the mapping holds.

    `element`: the row as it is in the file, for the dead letters.
    """
    try:
        proposed = [_draft(row, one, mapping.name, feed) for one in mapping.interactions if _is_meant(row, one)]
        return [settle(one, element, feed) for one in proposed or [_NOTHING]]
    except Exception as error:  # noqa: BLE001 - it costs this row alone
        return [RefusedElement(element, adapter_failure(error))]


def _is_meant(row: Row, one: RowMapping) -> bool:
    for when in one.when:
        cell = _text(row, when.column) or ""
        if not cell if when.values is None else cell.lower() not in {value.lower() for value in when.values}:
            return False
    return True


def _cell(row: Row, column: str) -> JSON:
    """The cell of a column; of a JSON line also the value at a path."""
    if column in row or "." not in column:
        return row.get(column)
    found: JSON = dict(row)
    for step in column.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _text(row: Row, column: str) -> str | None:
    """A cell as text; booleans and fractions of a JSON line as JSON writes them.

    A whole number that a table stores as a fraction (118.0) is its digits, or one person would have two ids.
    """
    cell = _cell(row, column)
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT:
        return str(int(cell))
    return orjson.dumps(cell).decode() if isinstance(cell, bool | float) else text_of(cell)


def _draft(row: Row, one: RowMapping, name: str, feed: Feed) -> DraftResult:
    type_ = _value(row, one.type, feed)
    if isinstance(type_, Refusal):
        return Refusal(Reason.UNSUPPORTED_TYPE, type_.detail)
    if not isinstance(type_, str):
        return Refusal(Reason.UNSUPPORTED_TYPE, "type: this row has none")
    contact, data = _tree(row, one.contact, feed), _tree(row, _in_its_currency(row, one.data, feed), feed)
    if isinstance(contact, Refusal):
        return contact
    if isinstance(data, Refusal):
        return data
    act = (name, type_, *(_text(row, column) for column in one.act), *([one.part] if one.part else []))
    return Draft(type_, _time(row, one.time, feed), act, data | {"contact": contact})


def _time(row: Row, said: Column, feed: Feed) -> int | Refusal:
    return _moment(_text(row, said.column), said, feed)


def _moment(text: str | None, said: Column, feed: Feed) -> int | Refusal:
    if (since_1970 := SINCE_1970.get(said.format or "")) is not None:
        return since_1970(text, f"column {said.column}")
    if said.format is not None and text is not None:
        try:
            text = datetime.strptime(text, said.format).isoformat()  # noqa: DTZ007 (its zone is told beside it)
        except ValueError:
            return Refusal(Reason.NO_TIME, f"column {said.column}: is not in the format of the mapping"[:200])
    return parse_moment(text, f"column {said.column}", said.zone or feed.time_zone)


def _in_its_currency(row: Row, data: FieldTree, feed: Feed) -> FieldTree:
    """The fields of a gift, with the amount read in the row's own currency where the mapping names it."""
    said, amount = data.get("currency"), data.get("amount")
    if not isinstance(said, Column | str) or not isinstance(amount, Column) or amount.kind != "amount":
        return data
    currency = _value(row, said, feed)
    return data | {"amount": amount.model_copy(update={"currency": currency})} if isinstance(currency, str) else data


def _tree(row: Row, tree: FieldTree, feed: Feed) -> dict[str, JSON] | Refusal:
    found: dict[str, JSON] = {}
    for name, said in tree.items():
        value = _tree(row, {**said}, feed) if isinstance(said, dict) else _value(row, said, feed)
        if isinstance(value, Refusal):
            return value
        if value is not None and value not in ({}, []):
            found[name] = value
    return found


def _value(row: Row, said: FieldSource, feed: Feed) -> JSON | Refusal:
    if not isinstance(said, Column):
        return said
    cell = _text(row, said.column)
    if cell is None:
        return said.default
    if said.values is not None:
        return _looked_up(cell, said)
    read = _read(cell, said, feed)
    return _unreadable(said) if read is None else read


def _looked_up(cell: str, said: Column) -> JSON | Refusal:
    known = {name.lower(): value for name, value in (said.values or {}).items()}
    if (found := known.get(cell.lower(), said.default)) is not None:
        return found
    return Refusal(Reason.MALFORMED_ROW, f"column {said.column}: a value that the mapping does not list"[:200])


def _unreadable(said: Column) -> Refusal:
    return Refusal(Reason.MALFORMED_ROW, f"column {said.column}: cannot be read as {said.kind}"[:200])


def _read(text: str, said: Column, feed: Feed) -> JSON:
    if said.kind == "integer":
        return int(text) if text.lstrip("-").isdecimal() and text.isascii() and len(text) < 20 else None
    if said.kind == "amount":
        return minor_units(text, said.currency)
    if said.kind == "boolean":
        return True if text.lower() in _TRUE else False if text.lower() in _FALSE else None
    if said.kind == "time":
        return _rendered(_moment(text, said, feed))
    if said.kind == "list":
        return [said.prefix + item for item in _split(text, said.separator)]
    return said.prefix + (text.lower() if said.kind == "lower" else text)


def _split(text: str, separator: str) -> Iterator[str]:
    yield from (item.strip() for item in text.split(separator) if item.strip())


def _rendered(time: int | Refusal) -> str | None:
    return None if isinstance(time, Refusal) else render_time(time)


def missing(columns: Iterable[str], mapping: MappingFile) -> list[str]:
    """The columns of the mapping that a header does not have, sorted."""
    return sorted(mapping.columns() - frozenset(columns))
