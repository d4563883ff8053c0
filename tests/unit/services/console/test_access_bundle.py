"""What a person is given who asks what is held of them: a page in their language, and the same for programs."""

from typing import Any

import orjson
import pytest

from events.json_types import JSON
from streams.services.console.access_bundle import DATA, PAGE, bundle_of
from streams.services.console.words import Language, Words
from tests.unit.domain.contact.said import HOUR, NOON, gift, profile_of, report, said

ROLL: dict[str, JSON] = {"kind": "voter_list", "file": "rolls-2012", "notice": "art14/v1"}
TERMS: dict[str, JSON] = {"purpose": "fundraising", "wording": "form-7/v3", "proof": "scan:0417"}


def held() -> dict[str, JSON]:
    known: Any = profile_of(
        said("provenance.reported", "1", provenance=ROLL, region="US-NY"),
        said("consent.changed", "2", NOON + HOUR, channel="text", granted=True, **TERMS),
        gift("3", 2_500),
        report("4", tags_added=["<host>"], answers={"van:1": "jobs"}, support=2),
    )
    event: JSON = {
        "specversion": "1.0",
        "id": "9",
        "source": "finance/actblue",
        "type": "donation.made",
        "time": "2012-03-01T12:00:00.000Z",
        "data": {"contact": {"email": "email:" + "1" * 32}, "amount": 2500, "refcode": "<b>spring</b>"},
    }
    names: list[JSON] = ["crm.ada", "email:" + "1" * 32, "email:" + "2" * 32, "phone:" + "3" * 32]
    return {"contact_id": "crm.ada", "profile": known, "identifiers": names, "interactions": [event], "alerts": []}


def page(language: Language) -> str:
    return bundle_of(held(), Words(language), NOON)[PAGE].decode()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["What we hold of you", "An electoral roll", "Fundraising", "e-mail address × 2", "Gift"]),
        ("fr", ["Ce que nous gardons de vous", "Une liste électorale", "adresse électronique × 2", "Réponses"]),
    ],
)
def test_the_page_tells_it_in_the_persons_language(language: Language, words: list[str]) -> None:
    shown = page(language)
    assert [word for word in words if word not in shown] == []
    for told in ("rolls-2012", "art14/v1", "form-7/v3", "scan:0417", "van:1 = jobs", "finance/actblue", "US-NY"):
        assert told in shown


def test_nothing_that_a_producer_said_is_markup_and_no_identifier_is_shown_whole() -> None:
    shown = page("en")
    assert "&lt;host&gt;" in shown
    assert "&lt;b&gt;spring" in shown
    assert "<b>spring" not in shown
    assert "1" * 32 not in shown


def test_the_file_beside_it_is_the_export_as_it_is() -> None:
    given = held()
    assert orjson.loads(bundle_of(given, Words("en"), NOON)[DATA]) == orjson.loads(orjson.dumps(given))


def test_of_whom_little_is_known_the_page_says_so() -> None:
    empty: Any = profile_of(said("rsvp.made", event_id="e"))
    bare: dict[str, JSON] = {"contact_id": "crm.bo", "profile": empty, "identifiers": ["crm.bo"], "interactions": []}
    shown = bundle_of(bare, Words("en"), NOON)[PAGE].decode()
    for said_so in (
        "No interaction says where this comes from.",
        "Nothing was said on consent.",
        "Nothing is kept one",
    ):
        assert said_so in shown
