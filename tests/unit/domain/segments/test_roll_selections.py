"""Who is known by an electoral roll alone, and by what a segment may choose them."""

import pytest

from events.json_types import JSON
from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure.known_by import is_known_otherwise
from streams.domain.segments.conditions import SegmentDefinition
from streams.domain.segments.definition_files import read_segments
from streams.domain.segments.roll_selections import beyond_the_roll, is_known_by_roll_alone
from tests.unit.domain.contact.said import HOUR, NOON, Arrival, gift, profile_by_the_fold, profile_of, report, said

SEGMENTS = """
[[segment]]
id = "elders"
all = [{ age_band = "65+" }, { channel = "door", is = "open" }]
any = [{ sex = "f" }, { polling_station = "0012" }]

[[segment]]
id = "known"
all = [{ segment = "elders" }, { any = [{ region = "FR-75" }, { gifts = "count", at_least = 1 }] }]
"""
ROLL: JSON = {"kind": "voter_list", "age_band": "65+"}
REFUSED = ("petition", "staff", "civic_register")


def on_the_roll() -> Arrival:
    return said("provenance.reported", "1", provenance=ROLL)


def definitions() -> dict[str, SegmentDefinition]:
    found = read_segments(SEGMENTS)
    assert not isinstance(found, FileMistakes)
    return {each.id: each for each in found}


def test_what_a_roll_tells_and_open_channels_choose_anybody() -> None:
    assert beyond_the_roll("elders", definitions()) == []
    assert beyond_the_roll("known", definitions()) == ["gifts", "region"]


@pytest.mark.parametrize(
    ("more", "alone"),
    [
        ([], True),
        ([said("email.sent", "m", message_id="m")], True),
        ([report("r", outcome="not_home")], True),
        ([report("r", outcome="contacted")], False),
        ([gift("g", 500)], False),
        ([said("provenance.reported", "p", provenance={"kind": "vendor"})], False),
    ],
)
def test_who_did_nothing_and_was_named_by_nobody_else_is_known_by_the_roll_alone(
    more: list[Arrival], alone: bool
) -> None:
    assert is_known_by_roll_alone(profile_of(on_the_roll(), *more), REFUSED) is alone


def test_a_word_of_a_source_of_which_nothing_is_taken_leaves_somebody_known_by_the_roll_alone() -> None:
    """It came in because it protects: that somebody is too young, or that a number is not theirs."""
    young = said("provenance.reported", "y", provenance={"kind": "civic_register", "of_age": False})
    wrong = report("w", outcome="wrong_number", provenance={"kind": "staff"})
    for protecting in (young, wrong):
        profile = profile_of(on_the_roll(), protecting)
        assert is_known_by_roll_alone(profile, REFUSED), protecting
        assert not is_known_by_roll_alone(profile, ())
    assert is_known_by_roll_alone(profile_of(on_the_roll()), ("voter_list",))


def test_what_is_left_of_a_source_that_was_forgotten_makes_nobody_known() -> None:
    hired = said("provenance.reported", "h", provenance={"kind": "rented", "of_age": False})
    gone = said("contact.provenance_forgotten", "c", NOON + HOUR, kind="rented")
    profile = profile_by_the_fold(on_the_roll(), hired, gone)
    assert is_known_by_roll_alone(profile, ())
    assert is_known_otherwise(profile, ("petition",))
    assert not is_known_otherwise(profile_by_the_fold(hired, gone), ("petition",))


def test_of_whom_nobody_says_where_they_come_from_it_is_not_known() -> None:
    assert not is_known_by_roll_alone(profile_of(report("r", outcome="not_home")), REFUSED)
