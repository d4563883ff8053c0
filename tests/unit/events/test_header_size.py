"""Headers are a part of a record that has a limit too: in binary mode they become the event's attributes."""

from events.envelope import Interaction, Record, decode
from events.refusal import Reason, Refusal

EVENT = (
    b'{"specversion":"1.0","id":"1","source":"s","type":"email.opened","time":"2012-02-22T00:00:00Z",'
    b'"data":{"contact":{"contact_id":"c"},"message_id":"m"}}'
)


def decoded(size: int) -> Interaction | Refusal:
    return decode(Record("email-events", EVENT, [("name", b"x" * (size - len("name")))], 1_400_000_000_000))


def test_headers_of_64_kib_are_taken() -> None:
    assert isinstance(decoded(65_536), Interaction)


def test_larger_headers_are_too_large() -> None:
    outcome = decoded(65_537)
    assert isinstance(outcome, Refusal)
    assert outcome.reason is Reason.TOO_LARGE
    assert outcome.detail.startswith("headers:")
