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


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, ("digital", "audience", "readers", 40)),
        ({"counts": AUDIENCE["counts"][1:]}, ("digital", "audience", "readers", 0)),
        ({"what": "permission"}, ("digital", "permission", "readers", 47)),
        ({"what": "permission", "viewer": "dana"}, ("dana", "permission", "readers", 47)),
        ({"what": "permission", "viewer": "dana", "reserved_s": 7_200}, ("dana", "reserve", "readers", 47)),
        *(({"detail": outcome}, None) for outcome in ("counted", "refused", "special_category")),
    ],
)
def test_a_list_that_was_taken_is_told_with_its_people(
    changed: dict[str, Any], told: tuple[object, ...] | None
) -> None:
    found = read_export(orjson.dumps({**AUDIENCE, **changed}))
    assert (found and (found.viewer, found.what, found.of, found.people)) == told
