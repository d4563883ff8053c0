"""What a value of `contact-suppressions` says of one channel."""

import orjson

from events.outputs import Suppressions
from streams.services.suppressions.closings import Closing, closing_of

SAID: Suppressions = {
    "email": {"reason": "unsubscribed", "since": "1970-01-01T00:00:01.000Z", "source": "s", "id": "i"},
    "text": {
        "reason": "suppressed",
        "since": "1970-01-01T00:00:02.000Z",
        "until": "1970-01-01T00:00:03.000Z",
        "source": "s",
        "id": "i",
    },
}


def test_a_channel_is_closed_by_its_own_entry_alone() -> None:
    value = orjson.dumps(SAID)
    assert closing_of(value, "email") == Closing("unsubscribed", 1_000)
    assert closing_of(value, "text") == Closing("suppressed", 2_000, until=3_000)
    assert closing_of(value, "door") is None
    assert closing_of(None, "email") is None


def test_a_closing_ends_when_its_time_has_come() -> None:
    assert not Closing("suppressed", 2_000, until=3_000).is_over(2_999)
    assert Closing("suppressed", 2_000, until=3_000).is_over(3_000)
    assert not Closing("erased", 2_000).is_over(1 << 60)
