"""What `harmonia alerts list` refuses before it asks any server."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.alerts import alert_rules
from streams.cli.main import app


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("ovr_cap", "--rule: did you mean over_cap? Give one of over_cap, "),
        ("campaign_complaint", "--rule: did you mean campaign_complaints? Give one of "),
        ("x", "--rule: Give one of over_cap, "),
    ],
)
def test_a_rule_that_there_is_not_is_wrong_use(rule: str, told: str) -> None:
    ended = CliRunner().invoke(app, ["alerts", "list", "--rule", rule])

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.startswith(told)


def test_every_rule_that_is_described_may_be_asked_for() -> None:
    described = re.findall(r"^\| `([a-z]+(?:_[a-z]+)+|erased)` \|", Path("docs/alerts.md").read_text(), re.MULTILINE)

    assert len(described) >= 10
    assert set(described) <= set(alert_rules())
