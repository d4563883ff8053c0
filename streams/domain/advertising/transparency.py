"""The transparency record of a paid campaign: who pays, how much, for which election, when, and whom it is directed to.

What a label and a notice ask for follows Regulation (EU) 2024/900, Articles 11 and 12.
"""

import re
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import orjson

from events.fields import MAX_AMOUNT, MAX_ID, MAX_TEXT, MAX_URL
from events.interactions.donation import CURRENCY_PATTERN
from events.outputs import AuditRecord, CampaignTransparency

_is_currency = re.compile(CURRENCY_PATTERN).fullmatch


class WrongField(NamedTuple):
    """A field of a record that cannot be meant, and the cure."""

    field: str
    cure: str


class ChosenAudience(NamedTuple):
    """An audience that was exported for a campaign. `criteria`: the conditions, or the label of a list."""

    at: str
    criteria: tuple[str, ...]
    admitted: int
    refused: int


def mistakes_in(record: CampaignTransparency) -> list[WrongField]:
    """All that is wrong with a record."""
    found = [
        WrongField(name, f"give 1 to {most} characters")
        for name, most in (("campaign_id", MAX_ID), ("sponsor", MAX_TEXT), ("contact", MAX_TEXT), ("by", MAX_TEXT))
        if not _is_text(record.get(name), most)
    ]
    found += [
        WrongField(name, f"give 1 to {MAX_TEXT} characters, or leave it out")
        for name in ("election", "controlled_by", "basis")
        if name in record and not _is_text(record.get(name), MAX_TEXT)
    ]
    if "@" in str(record.get("by", "")):
        found.append(WrongField("by", "give a name such as finance/ada, no address: it stays for eight years"))
    if not 0 <= record["amount"] <= MAX_AMOUNT:
        found.append(WrongField("amount", "give 0 or more"))
    if not _is_currency(record["currency"]):
        found.append(WrongField("currency", "give three capital letters of ISO 4217, such as EUR"))
    days = [_day(record["begins"]), _day(record["ends"])]
    for name, day in zip(("begins", "ends"), days, strict=True):
        if day is None:
            found.append(WrongField(name, "give a day, such as 2026-02-01"))
    begins, ends = days
    if begins is not None and ends is not None and ends < begins:
        found.append(WrongField("ends", "give a day that is not before `begins`"))
    url = record.get("notice_url")
    if url is not None and (not url.startswith("https://") or len(url) > MAX_URL):
        found.append(WrongField("notice_url", "give an address that begins with https://"))
    return found


def latest_records(values: Iterable[bytes | None]) -> dict[str, list[CampaignTransparency]]:
    """Every version of each record, by campaign, the latest last. What cannot be read is passed over.

    The latest is the one that was written last by its own `at`: a backup may be restored behind newer ones.
    """
    found: dict[str, list[CampaignTransparency]] = {}
    for value in values:
        try:
            record: CampaignTransparency = orjson.loads(value or b"")
            found.setdefault(record["campaign_id"], []).append(record)
        except (orjson.JSONDecodeError, TypeError, KeyError):
            continue
    return {campaign: sorted(versions, key=_written_at) for campaign, versions in found.items()}


def _written_at(record: CampaignTransparency) -> str:
    return str(record.get("at", ""))


def audiences_for(campaign: str, records: Iterable[AuditRecord]) -> list[ChosenAudience]:
    """The audiences that were exported for a campaign, the earliest first."""
    found = []
    for record in records:
        is_one = record.get("what") == "audience" and record.get("detail") == "exported"
        if not is_one or record.get("campaign_id") != campaign:
            continue
        counts = {each["reason"]: each["rows"] for each in record.get("counts", ()) if each["decision"] == "allow"}
        refused = sum(each["rows"] for each in record.get("counts", ()) if each["decision"] == "deny")
        found.append(ChosenAudience(record["at"], _criteria(record), sum(counts.values()), refused))
    return sorted(found)


def _criteria(record: AuditRecord) -> tuple[str, ...]:
    if "label" in record:
        return (record["label"],)
    return tuple(
        f"{table['id']}: {group}: {orjson.dumps(condition).decode()}"
        for table in record.get("criteria", ())
        for group, conditions in (("all", table.get("all")), ("any", table.get("any")), ("none", table.get("none")))
        for condition in conditions or ()
    )


def _is_text(value: object, most: int) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= most and value.isprintable()


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-02-01") else None
    except ValueError:
        return None
