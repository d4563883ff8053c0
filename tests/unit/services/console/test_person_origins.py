"""The part of a person's page that tells where things come from and what was agreed to, in both languages."""

import pytest

from events.json_types import JSON
from events.outputs import ContactProfile
from streams.services.console.pages.person import MOST_WORDS, origins_of
from streams.services.console.rendering import render_signed_out
from streams.services.console.words import Language, Words
from tests.unit.domain.contact.said import HOUR, NOON, profile_of, said


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
    ("language", "words"),
    [("en", "notice n2, by letter, Mon, Feb 20, 2012"), ("fr", "information n2, par lettre, lun. 20 févr. 2012")],
)
def test_a_notice_is_told_with_how_and_when(language: Language, words: str) -> None:
    roll: dict[str, JSON] = {"kind": "voter_list", "notice": "n2", "notice_by": "letter"}
    known = profile_of(said("provenance.reported", provenance={**roll, "notice_at": "2012-02-20T08:00:00Z"}))
    assert words in shown(known, language)


def test_a_notice_without_a_date_was_given_when_the_interaction_happened() -> None:
    roll: dict[str, JSON] = {"kind": "voter_list", "obtained_at": "2012-01-01T08:00:00Z", "notice": "n2"}
    assert "notice n2, Thu, Mar 1, 2012" in shown(profile_of(said("provenance.reported", provenance=roll)))


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
