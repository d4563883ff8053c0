"""What is promised of results that are looked at all day, in short: the whole is `python -m benchmarks.experiments`."""

from collections.abc import Iterator

import pytest

from benchmarks.experiments import assigning, errors, guardrails, households, many, power, reaching
from benchmarks.experiments.finding import Finding

SHORT = {
    "rare": errors.false_winners(500, ["a rate of 0.5 %"], [0.1]),
    "gifts": errors.false_winners(500, ["gifts by 3 % of people"], [0.1]),
    "foreseen": errors.false_winners(500, ["a rate of 20 %, foreseen by what they did before"], [0.5]),
    "slow": errors.false_winners_after_a_slow_start(500),
    "covered": errors.missed_effects(500, ["20 % to 22 %"], [0.5]),
    "covariates": power.with_covariates(200),
    "many": many.false_discoveries(1),
    "wrong splits": assigning.wrong_splits(200),
    "right splits": assigning.right_splits(300, last=100_000),
    "households": households.households_of_two(100),
    "turfs": households.turfs(100),
    "harm": guardrails.false_alarms(200),
    "alerts": guardrails.false_alerts(30),
    "disasters": guardrails.alerts(100),
    "reaching": reaching.reaching(300),
}


@pytest.mark.parametrize("findings", SHORT.values(), ids=SHORT)
def test_what_is_promised_is_kept(findings: Iterator[Finding]) -> None:
    found = list(findings)
    assert any(finding.promise for finding in found)
    assert [finding.row for finding in found if not finding.kept] == []
