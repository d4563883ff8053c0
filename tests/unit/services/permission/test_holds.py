"""Records of holds and of reservations: whom somebody wanted to hold is held, whatever became of the record."""

import pytest

from streams.domain.campaigns.holds import (
    SLOT_MS,
    hold_record,
    is_reservation_mark,
    lift_record,
    read_hold_record,
    read_reservation_mark,
    reservation_mark_record,
    round_up_to_slot,
)

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


NOW = 1_770_224_400_000
DAY = 86_400_000


@pytest.mark.parametrize("more", [1, 1_000, SLOT_MS - 1, SLOT_MS])
def test_the_end_of_reservations_is_rounded_up_to_five_minutes(more: int) -> None:
    assert NOW % SLOT_MS == 0
    assert (round_up_to_slot(NOW), round_up_to_slot(NOW + more)) == (NOW, NOW + SLOT_MS)


def test_a_reservation_mark_is_read_as_it_was_written() -> None:
    assert read_reservation_mark(*reservation_mark_record(NOW)) == NOW


def test_keys_come_round_again_but_not_while_a_reservation_of_the_longest_may_last() -> None:
    keys = [reservation_mark_record(until)[0] for until in range(NOW, NOW + 30 * DAY, SLOT_MS)]
    assert len(set(keys)) < len(keys) / 8
    near = keys[: DAY // SLOT_MS + 2]
    assert len(set(near)) == len(near)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (None, b"{}"),
        (reservation_mark_record(NOW)[0], None),
        (reservation_mark_record(NOW)[0], b""),
        (reservation_mark_record(NOW)[0], b'{"reserved_until": "soon"}'),
        (reservation_mark_record(NOW)[0], b'{"reserved_until": 7}'),
        hold_record("gotv", NOW, "operator", NOW),
    ],
)
def test_a_value_that_is_no_reservation_mark_says_nothing(key: bytes | None, value: bytes | None) -> None:
    assert read_reservation_mark(key, value) == 0


@pytest.mark.parametrize("campaign", ["gotv", "reservations:1", "\u00ffreservations:1", "\ufffdreservations:1"])
def test_no_campaign_has_the_key_of_a_mark(campaign: str) -> None:
    assert not is_reservation_mark(hold_record(campaign, None, "operator", NOW)[0])
