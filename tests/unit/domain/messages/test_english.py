"""English sentences of messages: how each kind of field is written, and that no code lacks what its sentence needs."""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from streams.domain.messages import (
    TEMPLATES,
    Change,
    Duration,
    Field,
    Instant,
    Listed,
    Money,
    PercentagePoints,
    Plural,
    Share,
    english,
    message,
    shown,
)
from streams.domain.pressure.asking import REPEATED, Reason

ROOT = Path(__file__).parents[4]
AT = 1_338_498_000_000
"""2012-05-31T21:00Z."""


@pytest.mark.parametrize(
    ("field", "how", "text"),
    [
        (12_345, "", "12,345"),
        (12_345, "d", "12345"),
        (Money(-310, "EUR"), "", "-€3.10"),
        (Money(310, "EUR", signed=True), "", "+€3.10"),
        (Money(0.2, "USD", signed=True), "", "$0.00"),
        (Money(123_456, "USD", whole=True), "", "$1,235"),
        (Share(0.0412, digits=2), "", "4.12 %"),
        (Share(26, 100), "tight", "26%"),
        (Share(3, 0), "tight", "–"),
        (PercentagePoints(-0.001), "", "0.00 pp"),
        (PercentagePoints(1.07), "", "+1.07 pp"),
        (Change(None, 3), "", "–"),
        (Instant(AT, "America/New_York"), "words", "17:00 on 31 May 2012"),
        (Instant(AT, "America/New_York"), "z", "2012-05-31 21:00Z"),
        (Instant(AT, "America/New_York"), "", "2012-05-31 17:00 EDT"),
        (Instant(AT), "", "2012-05-31 21:00 UTC"),
        (Duration(1_234.4), "s", "1,234 s"),
        (Duration(172_800), "", "2 days"),
        (Duration(5_400), "", "1.5 hours"),
        (Duration(60), "", "1 minute"),
        (Duration(1_800), "", "30 minutes"),
        (Duration(6_000), "", "100 minutes"),
        (Duration(90), "", "90 seconds"),
        (Listed(("a", 1_000), 3), "", "a, 1,000 and 3 more"),
    ],
)
def test_a_field_is_written_as_the_command_line_writes_it(field: Field, how: str, text: str) -> None:
    assert shown(field, how) == text


def test_the_number_in_its_field_decides_between_singular_and_plural() -> None:
    assert [english(message("experiment.people", people=count)) for count in (0, 1, 2_000)] == [
        *("0 people", "1 person", "2,000 people"),
    ]


def test_a_missing_field_and_an_unknown_code_are_errors() -> None:
    with pytest.raises(KeyError):
        english(message("experiment.people"))
    with pytest.raises(KeyError):
        english(message("no.such.code"))


@pytest.mark.parametrize("code", [code for code, template in TEMPLATES.items() if isinstance(template, Plural)])
def test_singular_and_plural_have_the_same_places_and_the_deciding_one_is_among_them(code: str) -> None:
    template = TEMPLATES[code]
    assert isinstance(template, Plural)
    one, other = ({place for _, place, _, _ in Formatter().parse(text)} for text in (template.one, template.other))
    assert one == other
    assert template.by in one


def codes_in_source() -> Iterator[tuple[str, set[str] | None]]:
    """Codes that are written out in calls of `message`, with the names of their fields if all are written out."""
    for file in (ROOT / "streams").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "message"):
                continue
            names = {keyword.arg for keyword in node.keywords}
            if node.args and isinstance(code := node.args[0], ast.Constant):
                yield str(code.value), None if None in names else {name for name in names if name}


def test_every_message_in_the_source_has_a_sentence_and_the_fields_of_its_places() -> None:
    found = list(codes_in_source())
    assert len(found) > 80
    for code, names in found:
        template = TEMPLATES[code]
        text = template.other if isinstance(template, Plural) else template
        assert names is None or names == {place for _, place, _, _ in Formatter().parse(text) if place}, code


def test_every_reason_of_a_decision_can_be_told() -> None:
    for reason in (*Reason.__args__, REPEATED):  # type: ignore[attr-defined]
        assert english(message(f"reason.{reason}")) == reason.replace("_", " ")
        assert english(message(f"why.{reason}"))


def test_one_of_something_is_not_told_as_several() -> None:
    assert not [code for code, text in TEMPLATES.items() if isinstance(text, Plural) and text.one == text.other]
