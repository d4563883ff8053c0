"""Parts of a person's page: whether they may be reached, what was heard, where things come from, and their names."""

import pytest

from events.channels import Channel
from events.identifiers import is_identity_hash
from events.json_types import JSON
from events.outputs import ContactProfile
from streams.domain.pressure import Decision
from streams.platform.settings import Settings
from streams.services.console.desk_people import Event
from streams.services.console.pages.person import MOST_WORDS, origins_of, timeline_rows, why_of
from streams.services.console.pages.person_looks import unknown_name
from streams.services.console.rendering import render_signed_out
from streams.services.console.rights import Scope, Viewer
from streams.services.console.words import Language, Words
from streams.services.permission.person_name import readable_meanings
from tests.unit.domain.contact.said import HOUR, NOON, profile_of, said


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


def shown(profile: ContactProfile, language: Language = "en") -> str:
    context = {**origins_of(profile), "now_ms": NOON}
    return " ".join(render_signed_out("person_origins.html", Words(language), context).split())


def told() -> ContactProfile:
    return profile_of(
        said("provenance.reported", "1", provenance={"kind": "rented", "file": "broker:17", "notice": "n1"}),
        said("form.submitted", "2", NOON + HOUR, form_id="f", provenance={"kind": "self"}),
        said("consent.changed", "3", channel="text", granted=True, purpose="online_ads", wording="w3", proof="scan:1"),
        said("email.unsubscribed", "4", NOON + HOUR, list_id="news"),
        said("consent.changed", "5", NOON + 2 * HOUR, channel="all", granted=True, sender="62012", basis="consent"),
    )


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ["A hired list · file broker:17 · notice n1", "no notice is known", "no proof is named", "Unsubscribed"],
        ),
        ("fr", ["Un fichier loué · fichier broker:17 · information n1", "aucune information connue", "preuve scan:1"]),
    ],
)
def test_each_place_and_each_word_is_a_line(language: Language, words: list[str]) -> None:
    page = shown(told(), language)
    assert [word for word in words if word not in page] == []
    assert page.index("62012") < page.index("news") < page.index("online_ads")


@pytest.mark.parametrize(
    ("notice", "told"),
    [
        ({"notice_by": "letter", "notice_at": "2012-02-20T08:00:00Z"}, "notice n2, by letter, Mon, Feb 20, 2012"),
        ({"obtained_at": "2012-01-01T08:00:00Z"}, "notice n2, Thu, Mar 1, 2012"),
    ],
    ids=["dated", "as of the interaction"],
)
def test_a_notice_is_told_with_how_and_when(notice: dict[str, JSON], told: str) -> None:
    roll: dict[str, JSON] = {"kind": "voter_list", "notice": "n2", **notice}
    assert told in shown(profile_of(said("provenance.reported", provenance=roll)))


def test_of_whom_nothing_was_said_that_is_said() -> None:
    page = shown(profile_of(said("rsvp.made", event_id="e")))
    assert "No interaction says where this comes from." in page
    assert "Nothing was said on consent." in page


def test_the_latest_words_are_shown_and_how_many_more_there_are() -> None:
    words = [said("email.unsubscribed", f"{n}", NOON + n, list_id=f"l{n}") for n in range(MOST_WORDS + 3)]
    page = shown(profile_of(*words))
    assert "List l52" in page
    assert "List l2 " not in page
    assert "and 3 more" in page


@pytest.mark.parametrize("typed", ["555-123-4567", "5551234567", "john.smith", "OH:123", "ada.lovelace:1815-12-10"])
def test_of_what_was_typed_only_a_hash_is_written_down_where_nobody_is_known_by_it(typed: str) -> None:
    hasher = Settings().hasher
    [(_, names), *_] = readable_meanings(typed, hasher)
    written = unknown_name(names[0], hasher)
    assert is_identity_hash(written)
    assert written == unknown_name(typed, hasher)


def test_a_hash_is_written_down_as_it_is() -> None:
    hasher = Settings().hasher
    [(_, [name])] = readable_meanings("ada@example.org", hasher)
    assert unknown_name(name, hasher) == name
