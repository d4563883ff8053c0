"""What a rehearsal shows of a person: amounts as money, times to the second, all else as it is."""

import pytest

from events.json_types import JSON
from streams.cli.requeue import short_value


@pytest.mark.parametrize(
    ("field", "value", "cell"),
    [
        ("donations.net.USD", 250_000, "$2,500.00"),
        ("counts.donation.made", 1, "1"),
        ("last_seen", "2012-02-22T10:00:00.123Z", "2012-02-22 10:00:00"),
        ("email.subscribed", True, "true"),
        ("zones.region", None, "-"),
    ],
)
def test_a_value_is_shown_as_people_write_it(field: str, value: JSON, cell: str) -> None:
    assert short_value(field, value) == cell
