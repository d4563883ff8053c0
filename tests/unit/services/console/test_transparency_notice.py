"""The label and the notice of a paid campaign, in the language of who reads them."""

import orjson
import pytest

from events.outputs import CampaignTransparency
from streams.domain.advertising.transparency import ChosenAudience
from streams.services.console.transparency_notice import DATA, LABEL, PAGE, notice_files
from streams.services.console.words import Language, Words
from tests.unit.domain.advertising.test_transparency import RECORD

FULL: CampaignTransparency = {
    **RECORD,
    "sponsor": "Liste <Ada>",
    "controlled_by": "Parti A",
    "funding": "mixed",
    "notice_url": "https://example.org/ads-3",
}
CHOSEN = ChosenAudience("2026-02-02T10:00:00.000Z", ('paris: all: {"region":"FR-75"}',), 4_000, 300)


def files(language: Language, *audiences: ChosenAudience, record: CampaignTransparency = FULL) -> dict[str, str]:
    found = notice_files([RECORD, record], audiences, Words(language, "Europe/Paris"))
    return {name: content.decode() for name, content in found.items()}


def test_the_label_says_that_it_is_an_ad_who_pays_for_which_election_and_where_more_is() -> None:
    assert files("en")[LABEL] == (
        "Political advertisement · paid for by Liste <Ada> · controlled by Parti A · election: 2026-municipales · "
        "transparency notice: https://example.org/ads-3\n"
    )
    assert files("fr", record=RECORD)[LABEL] == (
        "Annonce à caractère politique · payée par Liste Ada · élection\u00a0: 2026-municipales\n"
    )


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Transparency notice", "€1,250.50", "private and public money", "4,000", "1 earlier version"]),
        ("fr", ["Avis de transparence", "1 250,50 €", "fonds privés et publics", "4 000", "1 version antérieure"]),
    ],
)
def test_the_notice_tells_it_in_the_readers_language(language: Language, words: list[str]) -> None:
    shown = files(language, CHOSEN)[PAGE].replace("\u202f", " ").replace("\xa0", " ")
    assert [word for word in words if word not in shown] == []
    assert "Liste &lt;Ada&gt;" in shown
    assert "FR-75" in shown


def test_a_campaign_for_which_nobody_was_chosen_says_so() -> None:
    assert "directed to nobody in particular" in files("en")[PAGE]
    assert "directed to nobody in particular" not in files("en", CHOSEN)[PAGE]


def test_programs_get_the_same() -> None:
    data = orjson.loads(files("en", CHOSEN)[DATA])
    assert (data["record"], data["earlier_versions"]) == ({**FULL}, [{**RECORD}])
    assert data["audiences"] == [{**CHOSEN._asdict(), "criteria": [*CHOSEN.criteria]}]
