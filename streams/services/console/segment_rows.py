"""A definition of a segment as rows of a form, one for each condition, and back: for who does not write TOML.

Which fields a row has follows from the models of conditions. What has groups within groups is no form of rows. What is
typed stays as it is typed: money in whole units of its currency, numbers and spans as the language writes them. It is
read like a file, so that the same is wrong.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import NoneType
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_origin

from msgspec import Struct
from msgspec.structs import replace

from streams.domain.file_mistakes import FileMistakes
from streams.domain.messages import TEMPLATES, CodedMessage, message
from streams.domain.segments.conditions import KINDS, Compared, Condition, Gifts, SegmentDefinition
from streams.domain.segments.definition_files import definition_table, read_segment, table_toml
from streams.domain.segments.resolution import MOST_CONDITIONS
from streams.services.console.segment_sentences import DescribedCondition, described
from streams.services.console.typed_values import (
    amount_text,
    number_text,
    span_text,
    typed_amount,
    typed_number,
    typed_span,
)
from streams.services.console.words import Language

Control = Literal["choice", "choices", "truth", "number", "text"]
Place: TypeAlias = Literal["all", "any", "none"]
PLACES: tuple[Place, ...] = get_args(Place)
COMPARISONS = ("at_least", "at_most", "above", "below", "is")
PAIRS = (1, 2)
"""A row compares its number with one other, or with two for a range."""
_UNNAMED = "unnamed"
"""The id of a definition to which nobody has given one yet."""
SPAN = "within"
"""The field that is a span of time."""


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
    language: Language = "en"


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

    `number`: from 1; `prefix`: of the names of its inputs; `compared`: pair, how, and the number; `is_money`: that is
    an amount of money.
    """

    number: int
    prefix: str
    place: Place
    kind: str
    fields: Sequence[ShownField]
    compared: Sequence[tuple[int, str, str]]
    is_money: bool


class SegmentDraft(Struct, frozen=True):
    """What somebody writes: as text, and as a form where rows can say all of it.

    `definitions`: what it says, where it can be read; `kept`: heads of conditions by which who writes it may not ask.
    """

    text: str
    form: SegmentForm | None = None
    definitions: tuple[SegmentDefinition, ...] = ()
    kept: frozenset[str] = frozenset()

    @property
    def said(self) -> list[tuple[str, list[DescribedCondition]]]:
        """What each definition says in words, by its id."""
        return [(each.id, [*described(each.conditions, 0)]) for each in self.definitions]

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


def currency_of(row: ConditionRow) -> str | None:
    """The currency of the amounts of a row; None: it has none."""
    is_money = row.kind == Gifts.head and row.values.get(Gifts.head) != "count"
    return (row.values.get("currency") or "USD") if is_money else None


def read_form(said: Mapping[str, str], language: Language = "en") -> SegmentForm:
    """What was filled in; a row of a kind that is not known is left out."""
    numbers = sorted({int(name.split("-")[1]) for name in said if _is_of_row(name)})
    rows = tuple(row for number in numbers[:MOST_CONDITIONS] if (row := _row(said, f"row-{number}-")) is not None)
    id_, owner = said.get("id", "").strip(), said.get("owner", "").strip()
    return SegmentForm(id_, owner, said.get("members") == "on", rows, language)


def changed_form(form: SegmentForm, what: str, kind: str, currency: str) -> SegmentForm | None:
    """The form after a button was used: with a row more, or without one. None: the button is another one.

    `currency`: of a new row about gifts.
    """
    place, _, number = what.partition(":")
    if place == "add" and number in PLACES and kind in KINDS and len(form.rows) < MOST_CONDITIONS:
        values = {Gifts.head: "sum", "currency": currency} if kind == Gifts.head else {}
        return replace(form, rows=(*form.rows, ConditionRow(number, kind, values)))
    if place == "remove" and number.isdecimal():
        return replace(form, rows=tuple(row for at, row in enumerate(form.rows) if at != int(number)))
    return form if place in ("add", "remove") else None


def form_table(form: SegmentForm) -> dict[str, Any]:
    """The table of a definition that was filled in, whatever is wrong with it."""
    table: dict[str, Any] = {"id": form.id} if form.id else {}
    table |= {"owner": form.owner, "members": form.members}
    for place in PLACES:
        if found := [_condition(row, form.language) for row in form.rows if row.place == place]:
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


def form_of(definition: SegmentDefinition, language: Language = "en") -> SegmentForm | None:
    """The form of a definition; None where rows do not say all of it, as of groups within groups."""
    table = definition_table(definition)
    rows = []
    for place in PLACES:
        for condition in table.get(place, ()):
            kind = next((head for head in KINDS if head in condition), None)
            if kind is None:
                return None
            rows.append(ConditionRow(place, kind, _texts(kind, condition, language)))
    form = SegmentForm(definition.id, definition.owner, definition.members, tuple(rows), language)
    return form if read_segment(form_table(form)) == definition else None


def draft_of(text: str, definitions: Sequence[SegmentDefinition], language: Language = "en") -> SegmentDraft:
    """The draft of a text that was read."""
    form = form_of(definitions[0], language) if len(definitions) == 1 else None
    return SegmentDraft(text, form, tuple(definitions))


def draft_of_form(form: SegmentForm) -> SegmentDraft:
    """The draft of what was filled in; where it is not complete, its words are those of the rows that are."""
    table = form_table(form)
    complete = replace(form, rows=tuple(row for row in form.rows if _is_complete(row, form.language)))
    read = read_segment({**form_table(complete), "id": form.id or _UNNAMED})
    definitions = () if isinstance(read, FileMistakes) else (replace(read, id=form.id),)
    return SegmentDraft(table_toml(table), form, definitions)


def _is_complete(row: ConditionRow, language: Language) -> bool:
    alone = SegmentForm(_UNNAMED, rows=(replace(row, place="all"),), language=language)
    return not isinstance(read_segment(form_table(alone)), FileMistakes)


def _shown(number: int, row: ConditionRow) -> ShownRow:
    compared = [
        (pair, row.values.get(f"compare{pair}", ""), row.values.get(f"number{pair}", ""))
        for pair in (PAIRS if is_compared(row.kind) else ())
    ]
    fields = [_shown_field(row, field) for field in FIELDS[row.kind]]
    return ShownRow(number + 1, f"row-{number}-", row.place, row.kind, fields, compared, currency_of(row) is not None)


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


def _condition(row: ConditionRow, language: Language) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in FIELDS[row.kind]:
        if field.control == "choices":
            chosen = [each for each in field.options if row.values.get(f"{field.name}-{each}") == "on"]
            found[field.name] = [int(each) if each.isdecimal() else each for each in chosen]
        elif text := row.values.get(field.name, ""):
            found[field.name] = _value(field, text, language)
    found.setdefault(row.kind, "")
    if is_compared(row.kind):
        for pair in PAIRS:
            how, text = row.values.get(f"compare{pair}", ""), row.values.get(f"number{pair}", "")
            if how in COMPARISONS and text:
                found[how] = _number(text, currency_of(row), language)
    return found


def _value(field: RowField, text: str, language: Language) -> object:
    if field.control == "truth":
        return {"yes": True, "no": False}.get(text, text)
    if field.control == "number":
        return _number(text, None, language)
    return (typed_span(text) or text) if field.name == SPAN else text


def _number(text: str, currency: str | None, language: Language) -> object:
    """The number of a text, minor units of a currency where it is money; what is none stays as it is."""
    if currency is not None:
        amount = typed_amount(text, currency, language)
        return text if amount is None else amount
    number = typed_number(text, language)
    if number is None:
        return text
    return int(number) if number == number.to_integral_value() else float(number)


def _texts(kind: str, condition: Mapping[str, Any], language: Language) -> dict[str, str]:
    found: dict[str, str] = {}
    for field in FIELDS[kind]:
        value = condition.get(field.name)
        if field.control == "choices":
            found |= {f"{field.name}-{each}": "on" for each in map(str, value or ())}
        elif isinstance(value, bool):
            found[field.name] = "yes" if value else "no"
        elif value is not None:
            found[field.name] = span_text(value, language) if field.name == SPAN else str(value)
    currency = currency_of(ConditionRow("all", kind, found))
    compared: Sequence[str] = [how for how in COMPARISONS if is_compared(kind) and how in condition]
    for pair, how in zip(PAIRS, compared, strict=False):
        number = condition[how]
        text = number_text(number, language) if currency is None else amount_text(number, currency, language)
        found |= {f"compare{pair}": how, f"number{pair}": text}
    return found
