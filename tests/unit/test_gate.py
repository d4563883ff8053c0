"""The gate: budgets of laws, and the order of files."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests import budgets, conftest

TESTS = Path(budgets.__file__).parent
NUMBERS = ("max_examples", "stateful_step_count", "derandomize")


def test_no_test_names_a_budget_of_its_own() -> None:
    """A number in a test would hide from the header that its law is tried less often."""
    own = {Path(budgets.__file__), Path(__file__)}
    assert [
        f"{path.relative_to(TESTS)}: {number}"
        for path in TESTS.rglob("*.py")
        if path not in own
        for number in NUMBERS
        if number in path.read_text()
    ] == []


@pytest.mark.parametrize("profile", budgets.EXAMPLES)
def test_every_profile_tries_each_law_as_often_as_the_header_says(profile: str) -> None:
    assert settings.get_profile(profile).max_examples >= budgets.LEAST
    assert budgets.costly.max_examples >= budgets.LEAST <= budgets.shares_fixtures.max_examples
    assert settings.get_profile(profile).derandomize is (profile == "ci")


def test_histories_in_one_example_count_as_examples() -> None:
    assert budgets.with_histories(30).max_examples * 30 >= budgets.costly.max_examples


def test_a_state_machine_takes_the_budget_of_the_profile() -> None:
    class Story(RuleBasedStateMachine):
        @rule()
        def say(self) -> None:
            """Nothing."""

    assert Story.TestCase.settings.max_examples == budgets.EXAMPLES[budgets.PROFILE]


def test_pytest_prints_the_least_budget_of_a_law(request: pytest.FixtureRequest) -> None:
    printed = request.config.hook.pytest_report_header(config=request.config, start_path=TESTS)
    assert f"laws: profile {budgets.PROFILE}, each law at least 100 examples" in "\n".join(map(str, printed))


LAST, SHORT, LONG, NEW = (
    "tests/contract/test_c.py",
    "tests/chaos/test_s.py",
    "tests/chaos/test_l.py",
    "tests/chaos/n.py",
)


def test_a_long_file_that_begins_last_would_leave_other_processes_idle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = tmp_path / "durations.json"
    written.write_text(json.dumps({SHORT: 2, LONG: 90, LAST: 300}))
    monkeypatch.setattr(conftest, "DURATIONS", written)
    items: list[Any] = [
        SimpleNamespace(path=conftest.ROOT / path, name=name)
        for path in (NEW, SHORT, LONG, LAST)
        for name in ("first", "second")
    ]
    conftest.pytest_collection_modifyitems(items)
    assert [str(item.path.relative_to(conftest.ROOT)) for item in items[::2]] == [LONG, SHORT, NEW, LAST]
    assert [item.name for item in items] == ["first", "second"] * 4


def test_a_file_that_is_gone_has_no_duration() -> None:
    assert [path for path in json.loads(conftest.DURATIONS.read_text()) if not (conftest.ROOT / path).is_file()] == []
