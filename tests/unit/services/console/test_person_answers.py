"""Whether a person may be reached, as their page says it."""

import pytest

from events.channels import Channel
from streams.domain.pressure import Decision
from streams.services.console.desk_people import Event
from streams.services.console.pages.person import timeline_rows, why_of
from streams.services.console.rights import Scope, Viewer
from streams.services.console.words import Words
from tests.unit.domain.contact.said import NOON


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        ("email", "No e-mail address is known."),
        ("text", "No number is known."),
        ("phone", "No number is known."),
        ("letter", "No address is known."),
    ],
)
def test_where_nobody_was_asked_about_an_address_an_unknown_one_is_none_that_is_known(
    channel: Channel, told: str
) -> None:
    assert Words("en").sentence(why_of(Decision("deny", "unknown_address"), channel)) == told
    assert Words("en").sentence(why_of(Decision("deny", "opted_out"), channel)) == "This person has answered STOP."


def heard(at_ms: int, team: str, channel: str = "email", type_: str = "email.delivered") -> Event:
    said = (type_, f"{team}/tool", f"{team}-{at_ms}", team, f"{team}-campaign", channel, "US-OH", "", "", "")
    return Event(at_ms, *said, None, None, machine=False, taken_back=False, superseded=False, details={})


def test_to_somebody_of_one_team_the_timeline_tells_of_others_by_channel_and_day_alone() -> None:
    """An open tells of a mail as well, so there is one line for a channel and day; a gift is no touch."""
    hour, own, gift = 3_600_000, heard(NOON, "field", "door"), heard(NOON, "finance", "", "donation.made")
    opened = heard(NOON + hour, "digital", type_="email.opened")
    back, knock = heard(NOON, "digital", "", "interaction.retracted"), heard(NOON, "polls", "", "canvass.reported")
    events = [opened, own, gift, back, knock, heard(NOON - hour, "digital"), heard(NOON - 24 * hour, "digital")]
    viewer = Viewer("ada", frozenset({"field"}), Scope(teams=frozenset({"field"})))
    assert timeline_rows(events, viewer, Words("en")) == [
        (NOON + hour, "email", None),
        (NOON, "door", own),
        (NOON, "", gift),
        (NOON - 24 * hour, "email", None),
    ]
    everybody = Viewer("ada", frozenset({"field"}))
    assert [event for _, _, event in timeline_rows(events, everybody, Words("en"))] == events
