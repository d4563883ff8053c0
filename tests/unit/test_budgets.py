"""Every law keeps the budget of its profile."""

from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests import budgets

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
