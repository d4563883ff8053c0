import pytest

from streams.domain.campaigns import (
    AlertedLimit,
    Campaign,
    CampaignRecord,
    CampaignRoll,
    decode,
    encode,
    read_counts,
    write_counts,
)
from tests.unit.domain.campaigns.sending import NOON, counts, told

COUNTS = counts(sent=3, delivered=2, complaints=told(12), unsubscribes=told(1))


@pytest.mark.parametrize(
    "kept",
    [
        Campaign(),
        Campaign(COUNTS, (AlertedLimit("campaign_complaints", "gmail", 0.003),)),
        CampaignRoll(),
        CampaignRoll({"later": NOON, "a": NOON + 1}),
    ],
)
def test_what_is_kept_comes_back(kept: CampaignRecord) -> None:
    found = decode(encode(kept))
    assert found == kept
    if isinstance(found, CampaignRoll) and isinstance(kept, CampaignRoll):
        assert list(found.heard) == list(kept.heard)


def test_counts_come_back() -> None:
    assert read_counts(b"c", write_counts(COUNTS)) == ("c", COUNTS)


@pytest.mark.parametrize(("key", "value"), [(None, b"{}"), (b"c", None), (b"\xff", b"{}"), (b"c", b"{"), (b"c", b"[]")])
def test_what_is_not_ours_says_nothing(key: bytes | None, value: bytes | None) -> None:
    assert read_counts(key, value) is None
