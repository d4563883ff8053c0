"""A campaign that somebody wanted to hold is held, whatever became of the record."""

import pytest

from streams.domain.campaigns.holds import hold_record, lift_record, read_hold_record, reservation_mark_record

UNTIL = 1_330_000_000_000


@pytest.mark.parametrize("until", [None, UNTIL])
def test_a_hold_is_read_and_lifted(until: int | None) -> None:
    holds: dict[str, int | None] = {"another": None}
    read_hold_record(*hold_record("gotv", until, "operator", 0), holds)
    assert holds == {"another": None, "gotv": until}
    read_hold_record(*lift_record("gotv"), holds)
    assert holds == {"another": None}


@pytest.mark.parametrize("value", [b"", b"[]", b"\xff", b'{"until": 7}', b'{"until": "tomorrow"}', b"{}"])
def test_a_hold_that_cannot_be_read_holds_for_ever(value: bytes) -> None:
    holds: dict[str, int | None] = {}
    read_hold_record(b"gotv", value, holds)
    assert holds == {"gotv": None}


def test_a_mark_of_reservations_is_no_campaign() -> None:
    holds: dict[str, int | None] = {}
    read_hold_record(*reservation_mark_record(UNTIL), holds)
    assert holds == {}


def test_a_record_of_no_campaign_says_nothing() -> None:
    holds: dict[str, int | None] = {}
    read_hold_record(None, b"{}", holds)
    read_hold_record(b"", b"{}", holds)
    assert holds == {}
