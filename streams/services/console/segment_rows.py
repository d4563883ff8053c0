"""A definition of a segment as rows of a form, one for each condition, and back: for who does not write TOML.

Which fields a row has follows from the models of conditions. What has groups within groups is no form of rows. What is
typed stays as it is typed, and is read like a file, so that mistakes are the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from math import isfinite
from types import NoneType
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_origin

from msgspec import Struct

from streams.domain.messages import TEMPLATES, CodedMessage, message
from streams.domain.segments.conditions import KINDS, Compared, Condition, SegmentDefinition
from streams.domain.segments.definition_files import definition_table, read_segment, table_toml
from streams.domain.segments.resolution import MOST_CONDITIONS

Control = Literal["choice", "choices", "truth", "number", "text"]
Place: TypeAlias = Literal["all", "any", "none"]
PLACES: tuple[Place, ...] = get_args(Place)
COMPARISONS = ("at_least", "at_most", "above", "below", "is")
PAIRS = (1, 2)
"""A row compares its number with one other, or with two for a range."""


class RowField(Struct, frozen=True):
    """A field of a row: its name in a definition, how it is filled in, and what may be chosen."""

    name: str
    control: Control
    options: tuple[str, ...] = ()
    is_required: bool = False


class ConditionRow(Struct, frozen=True):
    """A condition as it was filled in. `place`: in which group; `kind`: its head; `values`: texts, by field."""

    place: Place
    kind: str
    values: Mapping[str, str] = {}


class SegmentForm(Struct, frozen=True):
    """A definition as it was filled in."""

    id: str = ""
    owner: str = ""
    members: bool = False
    rows: tuple[ConditionRow, ...] = ()


def _control(annotation: Any) -> tuple[Control, tuple[str, ...]]:
    """How a value of this type is filled in."""
    if get_origin(annotation) is Annotated:
        return _control(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return "choice", tuple(map(str, get_args(annotation)))
    if get_origin(annotation) is tuple:
        return "choices", _control(get_args(annotation)[0])[1]
    if annotation in (bool, int, str):
        return {bool: "truth", int: "number", str: "text"}[annotation], ()  # type: ignore[return-value]
    [inner] = (each for each in get_args(annotation) if each is not NoneType)
    return _control(inner)


class ShownField(Struct, frozen=True):
    """A field of a row as a page shows it. `options`: value, name, and whether it is chosen."""

    name: str
    control: Control
    value: str
    is_required: bool
    options: Sequence[tuple[str, CodedMessage | str, bool]] = ()


class ShownRow(Struct, frozen=True):
    """A row as a page shows it.

    `number`: from 1; `prefix`: of the names of its inputs; `compared`: pair, how, and the number.
    """

    number: int
    prefix: str
    place: Place
    kind: str
    fields: Sequence[ShownField]
    compared: Sequence[tuple[int, str, str]]


class SegmentDraft(Struct, frozen=True):
    """What somebody writes: as text, and as a form where rows can say all of it."""

    text: str
    form: SegmentForm | None = None

    @property
    def rows(self) -> list[ShownRow]:
        """The rows of the form."""
        return [] if self.form is None else [_shown(number, row) for number, row in enumerate(self.form.rows)]


def fields_of(kind: type[Condition]) -> Iterator[RowField]:
    """The fields of a condition, but for those by which a number is compared."""
    for name, field in kind.model_fields.items():
        written = field.alias or name
        if not (issubclass(kind, Compared) and written in COMPARISONS):
            control, options = _control(field.annotation)
            yield RowField(written, control, options, field.is_required())


FIELDS: Mapping[str, tuple[RowField, ...]] = {
    head: tuple(sorted(fields_of(kind), key=lambda field: field.name != head)) for head, kind in KINDS.items()
}
"""The fields of each condition, by its head."""


def is_compared(kind: str) -> bool:
    """Whether a condition is about a number."""
    return issubclass(KINDS[kind], Compared)


def option_label(kind: str, field: str, option: str) -> CodedMessage | str:
    """What a choice is called."""
    counted = f"segment.{kind}_{option}" if field == kind and is_compared(kind) else ""
    codes = (counted, f"{'channel' if field == 'consent' else field}.{option}")
    return next((message(code) for code in codes if code in TEMPLATES), option)


def read_form(said: Mapping[str, str]) -> SegmentForm:
    """What was filled in; a row of a kind that is not known is left out."""
    numbers = sorted({int(name.split("-")[1]) for name in said if _is_of_row(name)})
    rows = tuple(row for number in numbers[:MOST_CONDITIONS] if (row := _row(said, f"row-{number}-")) is not None)
    return SegmentForm(said.get("id", "").strip(), said.get("owner", "").strip(), said.get("members") == "on", rows)


def changed_form(form: SegmentForm, what: str, kind: str) -> SegmentForm | None:
    """The form after a button was used: with a row more, or without one. None: the button is another one."""
    place, _, number = what.partition(":")
    if place == "add" and number in PLACES and kind in KINDS and len(form.rows) < MOST_CONDITIONS:
        return _with_rows(form, (*form.rows, ConditionRow(number, kind)))
    if place == "remove" and number.isdecimal():
        return _with_rows(form, tuple(row for at, row in enumerate(form.rows) if at != int(number)))
    return form if place in ("add", "remove") else None


def form_table(form: SegmentForm) -> dict[str, Any]:
    """The table of a definition that was filled in, whatever is wrong with it."""
    table: dict[str, Any] = {"id": form.id} if form.id else {}
    table |= {"owner": form.owner, "members": form.members}
    for place in PLACES:
        if found := [_condition(row) for row in form.rows if row.place == place]:
            table[place] = found
    return table


def row_numbers(form: SegmentForm) -> dict[str, int]:
    """The number of each row, from 1, by where its condition stands in the definition: `all[0]`."""
    found: dict[str, int] = {}
    counts = dict.fromkeys(PLACES, 0)
    for number, row in enumerate(form.rows, start=1):
        found[f"{row.place}[{counts[row.place]}]"] = number
        counts[row.place] += 1
    return found


def form_of(definition: SegmentDefinition) -> SegmentForm | None:
    """The form of a definition; None where rows do not say all of it, as of groups within groups."""
    table = definition_table(definition)
    rows = []
    for place in PLACES:
        for condition in table.get(place, ()):
            kind = next((head for head in KINDS if head in condition), None)
            if kind is None:
                return None
            rows.append(ConditionRow(place, kind, _texts(kind, condition)))
    form = SegmentForm(definition.id, definition.owner, definition.members, tuple(rows))
    return form if read_segment(form_table(form)) == definition else None


def draft_of(text: str, definitions: Sequence[SegmentDefinition]) -> SegmentDraft:
    """The draft of a text that was read."""
    return SegmentDraft(text, form_of(definitions[0]) if len(definitions) == 1 else None)


def draft_of_form(form: SegmentForm) -> SegmentDraft:
    """The draft of what was filled in."""
    return SegmentDraft(table_toml(form_table(form)), form)


def _with_rows(form: SegmentForm, rows: tuple[ConditionRow, ...]) -> SegmentForm:
    return SegmentForm(form.id, form.owner, form.members, rows)


def _shown(number: int, row: ConditionRow) -> ShownRow:
    compared = [
        (pair, row.values.get(f"compare{pair}", ""), row.values.get(f"number{pair}", ""))
        for pair in (PAIRS if is_compared(row.kind) else ())
    ]
    fields = [_shown_field(row, field) for field in FIELDS[row.kind]]
    return ShownRow(number + 1, f"row-{number}-", row.place, row.kind, fields, compared)


def _shown_field(row: ConditionRow, field: RowField) -> ShownField:
    value = row.values.get(field.name, "")
    options = [
        (
            each,
            option_label(row.kind, field.name, each),
            row.values.get(f"{field.name}-{each}") == "on" or each == value,
        )
        for each in field.options
    ]
    return ShownField(field.name, field.control, value, field.is_required, options)


def _is_of_row(name: str) -> bool:
    parts = name.split("-")
    return len(parts) >= 3 and parts[0] == "row" and parts[1].isdecimal() and len(parts[1]) <= 3


def _row(said: Mapping[str, str], prefix: str) -> ConditionRow | None:
    kind, place = said.get(f"{prefix}kind", ""), said.get(f"{prefix}place", "all")
    if kind not in KINDS or place not in PLACES:
        return None
    names = [name for name in said if name.startswith(prefix)]
    values = {name.removeprefix(prefix): said[name].strip() for name in names}
    return ConditionRow(place, kind, {name: value for name, value in values.items() if name not in ("kind", "place")})


def _condition(row: ConditionRow) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in FIELDS[row.kind]:
        if field.control == "choices":
            chosen = [each for each in field.options if row.values.get(f"{field.name}-{each}") == "on"]
            found[field.name] = [int(each) if each.isdecimal() else each for each in chosen]
        elif text := row.values.get(field.name, ""):
            found[field.name] = _value(field.control, text)
    found.setdefault(row.kind, "")
    if is_compared(row.kind):
        for pair in PAIRS:
            how, text = row.values.get(f"compare{pair}", ""), row.values.get(f"number{pair}", "")
            if how in COMPARISONS and text:
                found[how] = _value("number", text)
    return found


def _value(control: Control, text: str) -> object:
    if control == "truth":
        return {"yes": True, "no": False}.get(text, text)
    if control != "number":
        return text
    for read in (int, float):
        with suppress(ValueError):
            found = read(text.replace(",", "."))
            return found if isfinite(found) else text
    return text


def _texts(kind: str, condition: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for field in FIELDS[kind]:
        value = condition.get(field.name)
        if field.control == "choices":
            found |= {f"{field.name}-{each}": "on" for each in map(str, value or ())}
        elif isinstance(value, bool):
            found[field.name] = "yes" if value else "no"
        elif value is not None:
            found[field.name] = str(value)
    compared: Sequence[str] = [how for how in COMPARISONS if is_compared(kind) and how in condition]
    for pair, how in zip(PAIRS, compared, strict=False):
        found |= {f"compare{pair}": how, f"number{pair}": str(condition[how])}
    return found
