"""Which records of `audit-log` say that somebody took a list of people."""

from typing import Any

import orjson
import pytest

from streams.services.console.desk_profiles import read_export

AUDIENCE: dict[str, Any] = {
    "at": "2026-02-02T10:00:00.000Z",
    "team": "digital",
    "what": "audience",
    "segment": "readers",
    "channel": None,
    "campaign_id": "ads-3",
    "answers": [],
    "counts": [
        {"decision": "allow", "reason": "admitted", "rows": 40},
        {"decision": "deny", "reason": "no_consent", "rows": 7},
    ],
    "detail": "exported",
}


def test_an_audience_that_was_exported_is_a_list_of_those_who_are_in_it() -> None:
    found = read_export(orjson.dumps(AUDIENCE))
    assert found is not None
    assert (found.viewer, found.what, found.of, found.people) == ("digital", "audience", "readers", 40)
    nobody = read_export(orjson.dumps({**AUDIENCE, "counts": AUDIENCE["counts"][1:]}))
    assert nobody is not None
    assert nobody.people == 0


@pytest.mark.parametrize("outcome", ["counted", "refused", "special_category"])
def test_one_that_was_not_is_none(outcome: str) -> None:
    assert read_export(orjson.dumps({**AUDIENCE, "detail": outcome})) is None


def test_a_list_that_was_judged_has_all_its_rows() -> None:
    found = read_export(orjson.dumps({**AUDIENCE, "what": "permission"}))
    assert found is not None
    assert found.people == 47


def test_a_list_whose_people_were_reserved_is_told_apart_and_names_who_did_it() -> None:
    judged = {**AUDIENCE, "what": "permission", "viewer": "dana"}
    reserved = {**judged, "reserved_s": 7_200}
    found = [read_export(orjson.dumps(each)) for each in (judged, reserved)]
    assert [(each.viewer, each.what) for each in found if each is not None] == [
        ("dana", "permission"),
        ("dana", "reserve"),
    ]
