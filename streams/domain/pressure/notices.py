"""Whether a person whose data came from elsewhere has been told so in time: GDPR, article 14 (3), as a policy has it.

A notice counts for the source of which it says it: the same kind, and the same file or supplier.
"""

from collections.abc import Iterator

from events.outputs import ContactProfile, ProvenanceItem
from events.provenance_kinds import FORGOTTEN
from events.times import parse_time


def without_notice(profile: ContactProfile, at: int, within: int) -> Iterator[ProvenanceItem]:
    """What came from somebody else than the person, so long ago (ms) or longer, and of which no notice was given yet.

    `within` 0: however short ago.
    """
    items = profile.get("provenance", ())
    told = {(item["kind"], item.get("file")) for item in items if "notice" in item and _given_at(item) <= at}
    for item in items:
        is_told = item["kind"] in ("self", FORGOTTEN) or (item["kind"], item.get("file")) in told
        if not is_told and _obtained_at(item) + within <= at:
            yield item


def _given_at(item: ProvenanceItem) -> int:
    return parse_time(item.get("notice_at", item["first_at"])) or 0


def _obtained_at(item: ProvenanceItem) -> int:
    return parse_time(item.get("obtained_at", item["first_at"])) or 0
