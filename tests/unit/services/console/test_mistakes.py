"""Mistakes in a form."""

import ast
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cli.permit import unfinished_message
from streams.cli.permit_check import team_remark, unheard_team_remark
from streams.domain.dead_letter_repair.mapping import MappingMistakes, read_mapping
from streams.domain.experiments.definition_files import read_definitions
from streams.domain.file_mistakes import FileMistake, FileMistakes
from streams.domain.messages import message
from streams.domain.messages.mistakes import cure_message, list_message, mistake_message, remark_message
from streams.domain.messages.texts.mistakes import CURES, MISTAKES
from streams.domain.pressure import PermissionRequest, default_policy, default_policy_text, read_policy
from streams.domain.segments.conditions import KINDS
from streams.domain.segments.definition_files import read_segment
from streams.services.audience.workbook import TOO_MUCH
from streams.services.audience_filter.filtering import too_long_message
from streams.services.console.field_mistakes import FieldMistake, field_mistakes
from streams.services.console.mistakes import ShownMistake, shown_lines, shown_mistakes
from streams.services.console.segment_rows import FIELDS, ConditionRow, SegmentForm, form_table, is_compared
from streams.services.console.typed_values import (
    amount_text,
    number_text,
    span_text,
    typed_amount,
    typed_number,
    typed_span,
)
from streams.services.console.words import Language, Words
from streams.services.permission.near_names import caller_remark, campaign_remark
from tests.unit.services.console.shown_texts import ROOM

ROOT = Path(__file__).parents[4]
SOURCES = (
    "streams/domain/experiments/definition_files.py",
    *(
        "streams/domain/dead_letter_repair/mapping.py",
        "events/experiments/definition.py",
        "events/experiments/parts.py",
    ),
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "streams/domain/pressure").glob("*.py"))),
)
TELLS = {"wrong": 0, "definition_mistake": 0, "mapping_mistake": 0, "FileMistake": 1, "_one": 1}
"""Functions that make a mistake, and the place of the problem among what they are given; the cure comes next."""
FR = Words("fr")
POLICY = default_policy_text()
PLAN = """[[experiment]]
id = "ask"
hypothesis = "A shorter ask raises more"
variants = { control = 1, short = 1 }
metrics = ["donated"]
window = "7d"
"""
MAPPING = '[rename]\ndata.sum = "data.amount"\n'


def texts(source: str) -> Iterator[tuple[str, str]]:
    """Problems and cures that a module tells, with something in the place of what is filled in."""
    for call in ast.walk(ast.parse((ROOT / source).read_text())):
        name = call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else ""
        if isinstance(call, ast.Call) and name in TELLS:
            told = [_text(each) for each in call.args[TELLS[name] : TELLS[name] + 2]]
            if all(told):
                yield told[0], told[1]


def _text(node: ast.expr) -> str:
    """What a text says; empty for one that is made elsewhere."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(each.value) if isinstance(each, ast.Constant) else _filled(each) for each in node.values)
    return ""


def _filled(node: ast.expr) -> str:
    said = ast.unparse(node).lower()
    known = {
        "reference": "see docs/policy.md",
        "wrong_name": "is missing",
        "_fill": "name at least one",
        "why": "too old",
    }
    return next((text for part, text in known.items() if part in said), "7")


ALL = sorted({pair for source in SOURCES for pair in texts(source)})


@pytest.mark.parametrize(("problem", "cure"), ALL)
def test_each_mistake_that_is_told_anywhere_has_a_sentence_in_french(problem: str, cure: str) -> None:
    assert mistake_message(problem) is not None
    assert cure_message(cure) is not None


class Filled(dict[str, str]):
    """What stands in the places of a sentence."""

    def __missing__(self, place: str) -> str:
        said = {"least": "3", "most": "3", "choice": "'a' or 'b'", "problem": "is missing"}
        return said.get(place, "give a number" if place in {"cure", "reference"} else "int, str")


@pytest.mark.parametrize("code", [*MISTAKES, *CURES])
def test_each_sentence_is_read_back_as_itself_and_not_as_one_that_is_as_good_as_it(code: str) -> None:
    text = {**MISTAKES, **CURES}[code].format_map(Filled())
    found = mistake_message(text) if code in MISTAKES else cure_message(text)
    assert found is not None
    assert found.code == code


def test_mistakes_are_found_in_the_sources() -> None:
    assert len(ALL) >= 40  # those of any file, and of segments, are codes where they are found


def mistakes_of(text: str) -> list[ShownMistake]:
    """The mistakes of what is a policy, a plan or a mapping."""
    if text.startswith("[[experiment]]"):
        plan = read_definitions(text)
        assert isinstance(plan, FileMistakes)
        return [*shown_mistakes(plan.found)]
    if "[caps]" in text:
        policy = read_policy(text)
        assert isinstance(policy, FileMistakes)
        return [*shown_mistakes(policy.found)]
    mapping = read_mapping(text)
    assert isinstance(mapping, MappingMistakes)
    return [*shown_lines(mapping.found)]


@pytest.mark.parametrize(
    ("text", "found", "put"),
    [
        (POLICY, "[gaps]", "[gap]"),
        (POLICY, "at_most = 3 }", "at_most = 0 }"),
        (POLICY, "at_most = 3 }", 'at_most = "x", of = 1 }'),
        (POLICY, 'email = "4h"', "email = 4"),
        (POLICY, 'sender_stop = "sender"', 'sender_stop = "nobody"'),
        (POLICY, "support = [", "support = [9, "),
        (POLICY, "teams = []", "teams = 1"),
        (PLAN, '"donated"', '"gave"'),
        (PLAN, '["donated"]', "[]"),
        (PLAN, '"A shorter ask raises more"', "1"),
        (PLAN, '"ask"', '""'),
        (PLAN, '"7d"', '"7 days"\nend = "later"'),
        (PLAN, '"7d"', '"7d"\nholdout = 2\nseed = 1'),
        (PLAN, ", short = 1", ""),
        (PLAN, "control = 1", "control = -1"),
        (MAPPING, "[rename]", "[renames]"),
        (MAPPING, "data.amount", "amount"),
        (MAPPING, "[rename]", "[cast]"),
        (MAPPING, "[rename]", "topic = 1\n[rename]"),
        (MAPPING, "[rename]", "[rename"),
    ],
)
def test_what_people_get_wrong_is_told_in_french_with_key_and_cure(text: str, found: str, put: str) -> None:
    assert found in text
    for mistake in mistakes_of(text.replace(found, put, 1)):
        assert mistake.key
        assert mistake.told, mistake
        assert all(map(FR.message, mistake.told))


def test_a_mistake_of_which_a_part_is_not_known_stays_english_as_a_whole() -> None:
    [shown] = shown_lines(["rename.x: is missing; ask whoever knows"])
    assert (shown.key, shown.problem, shown.cure, shown.told) == ("rename.x", "is missing", "ask whoever knows", ())
    assert cure_message("give something nobody has heard of") is None


LISTS = (
    *("streams/services/audience/header.py", "streams/services/audience/reader.py"),
    *("streams/services/audience/workbook.py", "streams/services/audience_filter/chunk_filter.py"),
)


def list_texts() -> list[str]:
    """What is told of a list by those who read and judge it, with something in the place of what is filled in."""
    calls = [node for source in LISTS for node in ast.walk(ast.parse((ROOT / source).read_text()))]
    told = {"UnusableAudience", "UnusableWorkbook", "UndecidedChunk"}
    named = [call for call in calls if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)]
    texts = [_text(call.args[0]) for call in named if isinstance(call.func, ast.Name) and call.func.id in told]
    return sorted(text for text in texts if text and not text.startswith("7"))


@pytest.mark.parametrize("text", [*list_texts(), TOO_MUCH, too_long_message(1 << 30)])
def test_each_trouble_with_a_list_has_a_sentence_in_french(text: str) -> None:
    stopped = text.endswith("?")
    told = list_message(unfinished_message(text, 1_200, 16_000) if stopped else text)
    assert told is not None
    assert FR.message(told) != text
    assert not stopped or "1\u202f200 lignes" in FR.message(told)


@pytest.mark.parametrize(
    "text",
    [
        unheard_team_remark("digtal", {"digital"}),
        unheard_team_remark("ada@exmple.org", {"ada@example.org"}),
        team_remark("digtal", {"digital"}),
        team_remark("field", {"digital"}),
        campaign_remark("gotv-fnal", {"gotv-final"}),
        caller_remark(PermissionRequest(channel="phone", purpose="mobilisation", team="field"), default_policy("fr")),
        campaign_remark("ada@example.org", {"adda@example.org"}),
    ],
)
def test_each_remark_on_a_name_has_a_sentence_in_french(text: str | None) -> None:
    assert text is not None
    told = remark_message(text.removeprefix("--team: "))
    assert told is not None
    assert FR.message(told) not in text


FORM = (ROOM / "templates" / "segment_form.html").read_text(encoding="utf-8")


def mistakes(*rows: ConditionRow, id_: str = "s") -> list[FieldMistake]:
    form = SegmentForm(id_, "field", rows=rows)
    found = read_segment(form_table(form))
    return field_mistakes(found.found if isinstance(found, FileMistakes) else (), form)


def told(*rows: ConditionRow, id_: str = "s") -> list[tuple[int, str, str]]:
    return [(each.row, each.field, each.hint) for each in mistakes(*rows, id_=id_)]


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("typed", ["", "?!", "a" * 200])
def test_no_mistake_of_a_row_is_told_in_words_of_the_file(kind: str, typed: str) -> None:
    values = {field.name: typed for field in FIELDS[kind] if field.control in ("text", "number")}
    if is_compared(kind):
        values |= {"compare1": "at_least", "number1": typed}
    hints = re.search(r"{% set hints = (.*?) %}", FORM)
    assert hints is not None
    for each in mistakes(ConditionRow("all", kind, values)):
        fields = {field.name for field in FIELDS[kind]} | {"number1", "number2"}
        assert each.field in fields, each
        if each.hint:
            assert f'"{each.hint}":' in hints[1]
        else:
            assert "docs/" not in each.shown.cure, each


def test_each_mistake_stands_at_the_field_that_has_it() -> None:
    gifts = {"gifts": "sum", "currency": "usd", "within": "a year", "compare1": "above", "number1": "many"}
    touches = {"within": "60 days", "compare1": "is", "number1": "2", "compare2": "at_most", "number2": "3"}
    assert told(ConditionRow("all", "gifts", gifts), ConditionRow("none", "touches", touches), id_="so many") == [
        (0, "id", "name"),
        (1, "within", "span"),
        (1, "number1", "amount"),
        (1, "currency", "currency"),
        (2, "touches", "choose"),
        (2, "within", "touches_known"),
    ]


def test_numbers_that_exclude_each_other_are_told_at_the_second() -> None:
    values = {"canvass": "attempts", "compare1": "at_least", "number1": "3", "compare2": "at_most", "number2": "2"}
    assert told(ConditionRow("all", "canvass", values)) == [(1, "number2", "nobody")]
    assert told(ConditionRow("all", "canvass", {"canvass": "attempts"})) == [(1, "number1", "compare")]
    assert told(ConditionRow("all", "canvass", {**values, "compare2": "is"})) == [(1, "number2", "exactly")]


def test_a_segment_that_is_not_defined_is_told_where_it_is_named() -> None:
    rows = (ConditionRow("all", "tag", {"tag": "a"}), ConditionRow("all", "segment", {"segment": "x"}))
    form = SegmentForm("s", rows=rows)
    problem = message("file_mistake.refers_to_unknown", name="x")
    cure = message("file_mistake.define_or_correct_near", near="y", reference=message("file_mistake.see", page="p"))
    [found] = field_mistakes([FileMistake("s", problem, cure)], form)
    assert (found.row, found.field, found.hint, found.near) == (2, "segment", "unknown", "y")
    assert found.target == "row-1-segment"


def test_a_form_without_rows_wants_a_condition() -> None:
    assert told() == [(0, "", "conditions")]


@pytest.mark.parametrize(
    ("text", "language", "meant"),
    [
        *(("1,500", "en", "1500"), ("1,500.50", "en", "1500.50"), ("-5", "en", "-5"), (" 50 ", "en", "50")),
        *(("1 500", "fr", "1500"), ("1\u00a0500,5", "fr", "1500.5"), ("50,50", "fr", "50.5"), ("50.50", "fr", "50.5")),
        *(("1,50", "en", None), ("1.500", "fr", None), ("5.000,00", "fr", None), ("1 50", "fr", None)),
        *(("", "en", None), ("NaN", "en", None), ("1e5", "en", None), ("1_000", "en", None), ("٣", "en", None)),
        *(("Infinity", "fr", None), ("9" * 41, "en", None), ("1 500", "en", None), ("..", "en", None)),
    ],
)
def test_a_number_that_could_be_two_is_none(text: str, language: Language, meant: str | None) -> None:
    assert typed_number(text, language) == (None if meant is None else Decimal(meant))


@pytest.mark.parametrize(
    ("text", "currency", "language", "minor"),
    [
        *(("50", "USD", "en", 5_000), ("$50", "USD", "en", 5_000), ("50 USD", "USD", "en", 5_000)),
        *(("0.50", "USD", "en", 50), ("1,205.00", "USD", "en", 120_500), ("-3.10", "EUR", "en", -310)),
        *(("50 €", "EUR", "fr", 5_000), ("50,5 $US", "USD", "fr", 5_050), ("1 500 €", "EUR", "fr", 150_000)),
        *(("120", "JPY", "en", 120), ("1.5", "JPY", "en", None), ("1.234", "KWD", "en", 1_234)),
        *(("50 €", "USD", "en", None), ("0.505", "USD", "en", None), ("fifty", "USD", "en", None)),
    ],
)
def test_fifty_is_fifty_whole_units_of_its_currency(
    text: str, currency: str, language: Language, minor: int | None
) -> None:
    assert typed_amount(text, currency, language) == minor


@pytest.mark.parametrize(
    ("text", "span"),
    [
        *(("30d", "30d"), ("30 days", "30d"), ("1 day", "1d"), ("30 jours", "30d"), ("30 j", "30d")),
        *(("12 heures", "12h"), ("12H", "12h"), ("90 min", "90m"), ("2 weeks", "14d"), ("2 semaines", "14d")),
        *(("a year", None), ("3 months", None), ("30", None), ("-1 day", None), ("1.5 days", None), ("", None)),
    ],
)
def test_a_span_is_taken_in_words_of_both_languages(text: str, span: str | None) -> None:
    assert typed_span(text) == span


@given(st.integers(-(10**15), 10**15), st.sampled_from(["USD", "EUR", "JPY", "KWD"]), st.sampled_from(["en", "fr"]))
def test_an_amount_that_a_form_shows_is_read_as_the_same(minor: int, currency: str, language: Language) -> None:
    shown = amount_text(minor, currency, language)
    if currency != "KWD" or language == "en":
        assert typed_amount(shown, currency, language) == minor


@given(st.integers(0, 99_999), st.sampled_from("mhd"), st.sampled_from(["en", "fr"]))
def test_a_span_that_a_form_shows_is_read_as_the_same(number: int, unit: str, language: Language) -> None:
    assert typed_span(span_text(f"{number}{unit}", language)) == f"{number}{unit}"


@given(st.integers(0, 10**9), st.sampled_from(["en", "fr"]))
def test_a_number_that_a_form_shows_is_read_as_the_same(thousandths: int, language: Language) -> None:
    number = thousandths / 1_000
    found = typed_number(number_text(number, language), language)
    assert found is not None
    assert float(found) == number
