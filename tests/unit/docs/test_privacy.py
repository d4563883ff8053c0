"""The page of what is where says of every topic what of a person is in it."""

from pathlib import Path

import pytest

from events.topics import ALL, OF_BACKFILLS
from streams.operations.privacy_page import hurrying, made_anew, table
from streams.platform.topics import changelog_topics

PAGE = (Path(__file__).parents[3] / "docs" / "privacy.md").read_text()
TOPICS = [*ALL, *changelog_topics("harmonia")]


def test_the_page_says_of_topics_what_their_list_says() -> None:
    assert made_anew(PAGE) == PAGE, "run `make schemas`"


def test_every_topic_is_in_one_row_with_what_it_holds_of_a_person() -> None:
    rows = [line for line in table().splitlines() if line.startswith("| `")]
    for topic in TOPICS:
        [row] = [row for row in rows if f"`{topic.name}`" in row.split(" | ")[0]]
        assert f" | {topic.people} | " in row


def test_the_page_names_the_key_at_which_a_backfill_of_segments_goes_on() -> None:
    [row] = [line for line in table().splitlines() if line.startswith("| `harmonia-contacts-changelog`")]
    assert OF_BACKFILLS in row


def test_compaction_is_hurried_where_people_are_and_not_in_plans_or_holds() -> None:
    listed, _, _ = hurrying().removeprefix("for topic in ").partition("; do\n")
    names = set(listed.replace("\\", "").split())
    assert names >= {
        *("contact-state", "contact-links", "contact-suppressions", "experiment-results", "identity-links"),
        *("contact-roofs", "contact-fragments"),
        *("harmonia-contacts-changelog", "harmonia-links-changelog", "harmonia-campaigns-changelog"),
    }
    assert names.isdisjoint(
        {"experiment-definitions", "campaign-holds", "interactions", "harmonia-experiments-changelog"}
    )


@pytest.mark.parametrize("part", ["topics", "compaction"])
def test_a_page_where_the_place_of_a_part_is_not_marked_is_an_error(part: str) -> None:
    with pytest.raises(ValueError, match=f"not marked by <!-- {part}"):
        made_anew(PAGE.replace(f"<!-- {part} end -->", ""))
