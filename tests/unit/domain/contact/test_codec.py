"""What is written can be read, and what cannot be read says so."""

import msgspec
import pytest

from streams.domain.contact import ContactState, decode, encode
from streams.domain.contact.codec import FORMAT
from streams.domain.formats import Unreadable
from tests.unit.domain.contact.said import folded, gift, report


def test_answers_keep_their_kind() -> None:
    fact = next(iter(decode(encode(folded(report("1", answers={"a:b": 1, "a:c": 1.0, "a:d": True})))).facts.values()))
    assert repr(fact.detail).count("{'a:b': 1, 'a:c': 1.0, 'a:d': True}") == 1


def test_the_first_element_is_the_format() -> None:
    assert msgspec.msgpack.decode(encode(ContactState()))[0] == FORMAT.number


@pytest.mark.parametrize("data", [b"", b"\xff", b"{}", b"\x91\x01", encode(folded(gift("1", 5)))[:-1]])
def test_bytes_that_are_no_state_are_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(data)
