"""Which fields dead letters have, and of what kind each is; never what is in one."""

import orjson
import pytest

from streams.domain.dead_letter_repair.selection import LetterSelection
from streams.domain.dead_letter_repair.shapes import MOST_FIELDS, field_shapes, kind_of
from tests.unit.domain.dead_letter_repair.writing import letter, saying


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        (True, "true or false"),
        (7, "whole number"),
        (7.5, "decimal number"),
        ("", "empty text"),
        ("25", "text: whole number"),
        ("25.00", "text: decimal number"),
        ("Yes", "text: true or false"),
        ("2012-11-06T23:10:01Z", "text: time"),
        ("ada@example.org", "text"),
        ([], "list"),
        ({}, "object"),
    ],
)
def test_a_text_says_what_it_could_be_read_as(value: object, kind: str) -> None:
    assert kind_of(value) == kind


def test_fields_are_told_by_path_and_kind_in_either_mode_and_lists_by_what_is_in_them() -> None:
    structured = letter(saying("donation.made", sum="25", amount=None, tags=["a", 1]))
    headers: list[tuple[str, bytes | None]] = [("ce_specversion", b"1.0"), ("ce_id", b"x"), ("ce_time", b"yesterday")]
    binary = letter(orjson.dumps({"sum": 25}), headers=headers)
    shapes = field_shapes([structured, binary, letter(b"{")])
    assert shapes.kinds["data.sum"] == {"text: whole number": 1, "whole number": 1}
    assert shapes.kinds["data.tags[]"] == {"text": 1, "whole number": 1}
    assert shapes.kinds["time"]["text"] == 1
    assert (shapes.letters, shapes.unreadable) == (3, 1)


def test_no_value_and_no_name_that_may_be_an_address_is_in_what_is_told() -> None:
    one = letter(saying(**{"ada@example.org": "secret word", "note": "call 6145550123"}))
    told = repr(field_shapes([one]))
    assert not [word for word in ("ada@", "secret", "6145550123") if word in told]
    assert "data.*" in field_shapes([one]).kinds


def test_of_names_that_are_made_up_only_so_many_are_told_apart() -> None:
    shapes = field_shapes([letter(orjson.dumps({f"n{number}": 1 for number in range(MOST_FIELDS + 3)}))])
    assert (len(shapes.kinds), shapes.left_out) == (MOST_FIELDS, 3)


def test_a_detail_chooses_letters_as_a_cause_has_it_without_positions_in_lists() -> None:
    one = letter(saying(), detail="data.answers.3.text: is too long")
    assert LetterSelection(detail="data.answers.*.text: is too long").takes(one)
    assert LetterSelection(detail="answers.3").takes(one)
    assert not LetterSelection(detail="answers.4").takes(one)
