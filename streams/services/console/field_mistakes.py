"""Mistakes of a form of rows, each at the field in which it was made, in words of the form. Pure.

They are found as in a file, which has other words. Where a form has its own, `hint` names the sentence of
`segment_form.html`.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from streams.domain.file_mistakes import FileMistake
from streams.domain.messages import CodedMessage
from streams.services.console.mistakes import ShownMistake, shown_mistakes
from streams.services.console.segment_rows import (
    COMPARISONS,
    FIELDS,
    PAIRS,
    ConditionRow,
    SegmentForm,
    currency_of,
    row_numbers,
)

_HINTS: Mapping[str, str] = {
    "name_segment": "name",
    "segment_id": "name",
    "segment_owner": "shorter",
    "add_conditions": "conditions",
    "add": "fill",
    "one_character": "fill",
    "one_of": "choose",
    "give": "choose",
    "at_least_one": "tick",
    "name_one": "tick",
    "region_form": "region",
    "currency_form": "currency",
    "characters_at_most": "shorter",
    "add_comparison": "compare",
    "leave_one_out": "exactly",
    "correct_one": "nobody",
    "span": "span",
    "more_than_nothing": "span",
    "touches_known": "touches_known",
    "whole_hours": "whole_hours",
    "acts_known": "acts_known",
    "counts_all_week": "all_known",
    "whole_number": "whole",
    "expected_number": "number",
    "three_digits": "number",
    "mails": "mails",
    "define_or_correct": "unknown",
    "define_or_correct_near": "unknown",
}
"""By what cures it, the sentence of the form."""
_BY_FIELD = {"age_band": "age_band", "polling_station": "word"}
"""The same by the field, where only that tells."""
_OWN = ("id", "owner", "members")
_UNKNOWN = "file_mistake.refers_to_unknown"


class FieldMistake(Struct, frozen=True):
    """A mistake of a field. `row`: its number from 1, 0 for the segment itself; `field`: empty for the row as a whole.

    `hint`: which sentence says what to do, empty where `shown` has to; `near`: a name that may have been meant.
    """

    row: int
    field: str
    hint: str
    shown: ShownMistake
    near: str = ""

    @property
    def target(self) -> str:
        """The id of what is to be corrected, on the page."""
        if not self.row:
            return f"form-{self.field or 'kind'}"
        return f"row-{self.row - 1}-{self.field or 'place'}"


def field_mistakes(mistakes: Iterable[FileMistake], form: SegmentForm) -> list[FieldMistake]:
    """The mistakes of a form, in the order of its fields."""
    found = [each for mistake in mistakes for each in _placed(mistake, form)]
    return sorted(found, key=lambda each: (each.row, _place_in_row(each, form)))


def _place_in_row(mistake: FieldMistake, form: SegmentForm) -> int:
    """Where a field stands in its row: what a number is compared with comes last, its currency in between."""
    if not mistake.row:
        return 0
    names = [field.name for field in FIELDS[form.rows[mistake.row - 1].kind] if field.name != "currency"]
    order = ["", *names, "number1", "currency", "number2"]
    return order.index(mistake.field) if mistake.field in order else 0


def _placed(mistake: FileMistake, form: SegmentForm) -> Iterator[FieldMistake]:
    cure = mistake.remedy if isinstance(mistake.remedy, CodedMessage) else None
    hint = _HINTS.get(cure.code.removeprefix("file_mistake."), "") if cure is not None else ""
    near = str(cure.fields.get("near", "")) if cure is not None else ""
    [shown] = shown_mistakes([mistake])
    place, _, key = mistake.key.removeprefix("segment[0].").partition(".")
    number = row_numbers(form).get(place)
    if number is not None:
        row = form.rows[number - 1]
        field = _field(key, hint, row)
        yield FieldMistake(number, field, _hint_of(hint, field, row), shown, near)
        return
    problem = mistake.wrong
    if isinstance(problem, CodedMessage) and problem.code == _UNKNOWN:
        for at, row in enumerate(form.rows, start=1):
            if row.kind == "segment" and row.values.get("segment") == problem.fields["name"]:
                yield FieldMistake(at, "segment", hint, shown, near)
        return
    yield FieldMistake(0, place if place in _OWN else "", hint, shown, near)


def _field(key: str, hint: str, row: ConditionRow) -> str:
    """The field of a row that a key of the file was filled in by."""
    name = key.partition("[")[0].partition(".")[0]
    if name in COMPARISONS and not any(field.name == name for field in FIELDS[row.kind]):
        return next((f"number{pair}" for pair in PAIRS if row.values.get(f"compare{pair}") == name), "number1")
    if not name and hint in ("compare", "exactly", "nobody"):
        return "number1" if hint == "compare" else "number2"
    return name


def _hint_of(hint: str, field: str, row: ConditionRow) -> str:
    if hint == "whole" and currency_of(row) is not None:
        return "amount"
    if not hint and field in _BY_FIELD:
        return _BY_FIELD[field] if row.values.get(field) else "fill"
    if hint in ("fill", "choose"):
        controls = {each.name: each.control for each in FIELDS[row.kind]}
        return {"choice": "choose", "choices": "tick"}.get(controls.get(field, "text"), "fill")
    return hint
