"""What is written down of who pays for a campaign, and whom it was directed to."""

from typing import Any, cast

import orjson
import pytest

from events.outputs import AuditRecord, CampaignTransparency
from streams.domain.advertising.transparency import ChosenAudience, audiences_for, latest_records, mistakes_in

RECORD: CampaignTransparency = {
    "campaign_id": "ads-3",
    "sponsor": "Liste Ada",
    "contact": "1 rue de la Paix, Paris",
    "amount": 125_050,
    "currency": "EUR",
    "begins": "2026-02-01",
    "ends": "2026-03-20",
    "election": "2026-municipales",
    "by": "finance/ada",
    "at": "2026-02-01T09:00:00.000Z",
}


def test_a_record_that_says_all_has_no_mistakes() -> None:
    assert mistakes_in(RECORD) == []
    assert mistakes_in({**RECORD, "notice_url": "https://example.org/ads-3", "amount": 0, "ends": "2026-02-01"}) == []


@pytest.mark.parametrize(
    ("field", "value", "cure"),
    [
        ("sponsor", " ", "give 1 to 1024"),
        ("sponsor", "Ada\nLovelace", "give 1 to 1024"),
        ("contact", "", "give 1 to 1024"),
        ("campaign_id", "x" * 257, "give 1 to 256"),
        ("amount", -1, "give 0 or more"),
        ("currency", "eur", "ISO 4217"),
        ("begins", "01.02.2026", "give a day"),
        ("begins", "20260201", "give a day"),
        ("ends", "2026-01-31", "not before"),
        ("ends", "2026-02-30", "give a day"),
        ("election", "", "or leave it out"),
        ("notice_url", "http://example.org", "https://"),
    ],
)
def test_each_mistake_names_its_field_and_the_cure(field: str, value: object, cure: str) -> None:
    [mistake] = mistakes_in(cast(CampaignTransparency, {**RECORD, field: value}))
    assert mistake.field == field
    assert cure in mistake.cure


def test_the_latest_record_counts_and_earlier_ones_are_kept() -> None:
    later: CampaignTransparency = {**RECORD, "amount": 200_000}
    other: CampaignTransparency = {**RECORD, "campaign_id": "ads-4"}
    found = latest_records([orjson.dumps(RECORD), orjson.dumps(other), None, b"{", b"[]", orjson.dumps(later)])
    assert found == {"ads-3": [RECORD, later], "ads-4": [other]}


def test_a_record_that_a_backup_brought_back_behind_a_newer_one_is_not_the_latest() -> None:
    newer: CampaignTransparency = {**RECORD, "amount": 200_000, "at": "2026-02-03T09:00:00.000Z"}
    assert latest_records([orjson.dumps(newer), orjson.dumps(RECORD)]) == {"ads-3": [RECORD, newer]}


def audience(at: str, **more: Any) -> AuditRecord:
    record: Any = {"what": "audience", "at": at, "campaign_id": "ads-3", "detail": "exported", "counts": [], **more}
    return cast(AuditRecord, record)


def test_whom_it_was_directed_to_is_told_by_what_was_exported_for_it() -> None:
    counts = [
        {"decision": "allow", "reason": "admitted", "rows": 40},
        {"decision": "deny", "reason": "no_consent", "rows": 2},
        {"decision": "deny", "reason": "under_age", "rows": 1},
    ]
    criteria = [{"id": "paris", "all": [{"region": "FR-75"}], "none": [{"gifts": "count", "at_least": 1}]}]
    records = [
        audience("2026-02-03T10:00:00.000Z", label="plan-7/v2"),
        audience("2026-02-02T10:00:00.000Z", criteria=criteria, counts=counts),
        audience("2026-02-02T11:00:00.000Z", detail="refused"),
        audience("2026-02-02T12:00:00.000Z", detail="counted"),
        audience("2026-02-02T13:00:00.000Z", campaign_id="ads-4"),
        audience("2026-02-02T14:00:00.000Z", what="permission"),
    ]
    told = ('paris: all: {"region":"FR-75"}', 'paris: none: {"gifts":"count","at_least":1}')
    assert audiences_for("ads-3", records) == [
        ChosenAudience("2026-02-02T10:00:00.000Z", told, 40, 3),
        ChosenAudience("2026-02-03T10:00:00.000Z", ("plan-7/v2",), 0, 0),
    ]
