"""The demo's experiments: when they are, that each says something, and that a wrong result is a difference."""

from typing import cast

import pytest

from events.contact import Contact
from events.identifiers import Hasher
from streams.demo.check import Difference, compare_experiments
from streams.demo.experiments import plans_of
from streams.demo.mailing import SUBJECTS
from streams.demo.recount_experiments import Arm
from streams.demo.script import Script, write_script
from streams.demo.source_system import DAY, parse_time_ms, utc_midnight
from streams.demo.truth import ContactFields
from streams.demo.volunteering import CALLS

TODAY = utc_midnight(2026, 11, 28)
KEPT_DAYS = 400
"""Docs: opens and clicks of longer ago are in no result of somebody who is first counted now."""
SUMS = {"y": 0, "yy": 0, "x": 0, "xx": 0, "xy": 0, "yd": 0, "raw": 7}
ARM = cast(Arm, {"n": 3, "contaminated": 0, "metrics": {"opened": SUMS}})


@pytest.fixture(scope="module")
def script() -> Script:
    return write_script(1, 0.25, TODAY)


def identify(contact: ContactFields) -> str:
    return Hasher([b"key"]).fragment(Contact.model_validate(contact)) or ""


def test_the_experiments_are_subjects_of_mailings_and_thank_you_calls(script: Script) -> None:
    subjects, calls = plans_of(script.accepted())
    assert (subjects.id[: len(SUBJECTS)], subjects.metrics[0]) == (SUBJECTS, "opened")
    assert (calls.id, calls.metrics[0]) == (CALLS, "contacted")


def test_experiments_are_of_the_last_weeks_and_over_by_today(script: Script) -> None:
    times = [parse_time_ms(one.time) for one in script.accepted()]
    tried = [parse_time_ms(one.time) for one in script.accepted() if "experiment" in one.fields]
    assert min(tried) > TODAY - 60 * DAY
    assert max(tried) < max(times) < TODAY - 7 * DAY
    assert TODAY - min(tried) < (KEPT_DAYS - 28) * DAY


def test_in_each_experiment_the_second_variant_is_plainly_better(script: Script) -> None:
    found = script.experiments(identify)
    plans = plans_of(script.accepted())
    assert {*found} == {plan.id for plan in plans}
    for plan in plans:
        first, second = (found[plan.id][variant] for variant in "AB")
        rates = [arm["metrics"][plan.metrics[0]]["raw"] / arm["n"] for arm in (first, second)]
        assert rates[1] > 1.5 * rates[0] > 0


def test_a_result_that_differs_from_the_oracle_is_named_by_variant_and_metric() -> None:
    shown = {"assigned": 3, "metrics": {"opened": {"sum": 7, "mean": 2.3}}}
    nobody = {"assigned": 0, "metrics": {"opened": {"sum": 0, "mean": None}}}
    assert compare_experiments({"e": {"A": ARM}}, {"e": {"variants": {"A": shown, "B": nobody}}}) == []
    wrong = {"assigned": 3, "metrics": {"opened": {"sum": 0, "mean": 0.0}}}
    assert compare_experiments({"e": {"A": ARM}}, {"e": {"variants": {"A": wrong}}}) == [
        Difference("experiment-results", None, "e.A.opened", 7, 0)
    ]
    assert [one.field for one in compare_experiments({"e": {"A": ARM}}, {})] == ["e"]
