"""Mistakes in policies, plans and mappings are told in French: each that their validators know, and whole."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.cli.permit import unfinished_message
from streams.cli.permit_check import team_remark, unheard_team_remark
from streams.domain.dead_letter_repair.mapping import MappingMistakes, read_mapping
from streams.domain.experiments.definition_files import read_definitions
from streams.domain.file_mistakes import FileMistakes
from streams.domain.messages.mistakes import cure_message, list_message, mistake_message, remark_message
from streams.domain.messages.texts.mistakes import CURES, MISTAKES
from streams.domain.pressure import PermissionRequest, default_policy, default_policy_text, read_policy
from streams.services.audience.workbook import TOO_MUCH
from streams.services.audience_filter.filtering import too_long_message
from streams.services.console.mistakes import ShownMistake, shown_lines, shown_mistakes
from streams.services.console.words import Words
from streams.services.permission.near_names import caller_remark, campaign_remark

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
