"""What is written can be read, and what cannot be read says so."""

import msgspec
import pytest

from streams.domain.contact import ContactState, decode, encode
from streams.domain.contact.codec import FORMAT
from streams.domain.formats import Unreadable
from tests.unit.domain.contact.said import DAY, NOON, appended, folded, gift, refund, report, retracted, said


def test_a_state_is_read_as_it_was_written() -> None:
    state = folded(
        said("email.opened", "0", message_id="m", region="US-NY"),
        appended(NOON + 8 * DAY, gift("1", 500, committee="C1", pledge_id="p", period="monthly")),
        refund("2", 5, donation_id="actblue:1"),
        report(
            "3", report_id="r", support=2, answers={"a:b": "c", "a:d": 1, "a:e": 1.0, "a:f": True}, tags_added=["x"]
        ),
        said("ballot.reported", "4", election="e", status="voted"),
        said("consent.changed", "5", channel="all", granted=False, list_id="l", sender="s"),
        said("donation.charge_failed", "6", pledge_id="p"),
        said("email.sent", "7", message_id="m", time_zone="America/New_York", postal_code="10001"),
        retracted("2"),
    )
    state = msgspec.structs.replace(state, version=2**41)
    assert decode(encode(state)) == state
    assert list(decode(encode(state)).facts) == list(state.facts)


def test_an_empty_state_is_read_as_it_was_written() -> None:
    assert decode(encode(ContactState())) == ContactState()


def test_answers_keep_their_kind() -> None:
    fact = next(iter(decode(encode(folded(report("1", answers={"a:b": 1, "a:c": 1.0, "a:d": True})))).facts.values()))
    assert repr(fact.detail).count("{'a:b': 1, 'a:c': 1.0, 'a:d': True}") == 1


def test_the_first_element_is_the_format() -> None:
    assert msgspec.msgpack.decode(encode(ContactState()))[0] == FORMAT.number


@pytest.mark.parametrize("data", [b"", b"\xff", b"{}", b"\x91\x01", encode(folded(gift("1", 5)))[:-1]])
def test_bytes_that_are_no_state_are_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(data)


def test_a_state_of_another_format_is_unreadable() -> None:
    with pytest.raises(match="format 9"):
        decode(msgspec.msgpack.encode([9, *msgspec.msgpack.decode(encode(ContactState()))[1:]]))
    with pytest.raises(match="format 9"):
        decode(msgspec.msgpack.encode([9, {"quite": "different"}]))
