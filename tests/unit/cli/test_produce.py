"""Where `harmonia produce` sends a line, and why it would not."""

import orjson
import pytest

from events.json_types import JSON
from events.refusal import Reason, Refusal
from streams.cli.produce import route
from streams.platform.settings import Settings
from tests.unit.events.records import NOW


def line(type_: JSON, **data: JSON) -> bytes:
    contact: JSON = {"contact_id": "c1"}
    head: dict[str, JSON] = {"specversion": "1.0", "id": "1", "source": "digital/mailer", "type": type_}
    return orjson.dumps({**head, "time": "2012-02-22T10:00:00Z", "data": {"contact": contact, **data}})


@pytest.mark.parametrize(
    ("type_", "end"),
    [
        ("email.opend", "; did you mean email.opened?"),
        ("Donation.Made", "; did you mean donation.made?"),
        ("petition.signed", "; did you mean form.submitted?"),
        ("ada@example.org", "docs/events.md lists all"),
    ],
)
def test_an_unknown_type_is_refused_with_the_known_one_that_may_be_meant(type_: str, end: str) -> None:
    refused = route(line(type_), Settings(), NOW)

    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.UNKNOWN_TYPE
    assert refused.detail.endswith(end)
    assert type_ not in refused.detail


def test_a_known_type_goes_to_its_topic() -> None:
    assert route(line("email.opened", message_id="m1"), Settings(), NOW) == ("email-events", [], False)


@pytest.mark.parametrize(("granted", "is_told"), [(True, True), (False, False)])
def test_producer_is_told_of_a_yes_whose_time_is_ahead(granted: bool, is_told: bool) -> None:
    routed = route(line("consent.changed", channel="email", granted=granted), Settings(), NOW - 60_001)
    assert not isinstance(routed, Refusal)
    assert routed[2] is is_told
