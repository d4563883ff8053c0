import orjson
import pytest

from events.topics import CONTACT_FRAGMENTS, CONTACT_STATE, INTERNAL_TOPICS, OUTPUT_TOPICS
from streams.domain.contact.publication.change_events import FragmentChange, Profiled
from streams.domain.contact.state import Consent
from streams.worker.agents.contacts.output_records import LARGEST_PROFILE, RecordBuilder
from tests.unit.domain.contact.test_bounding import fact, full

LIMITS = {topic.name: topic.max_message_bytes for topic in (*OUTPUT_TOPICS, *INTERNAL_TOPICS)}
NO = fact("no", Consent("email", granted=False), "email.unsubscribed")


@pytest.mark.parametrize(("letter", "fragments"), [("x", 12), ("\x01", 4)])
def test_a_person_of_many_full_fragments_has_a_profile_that_the_broker_takes(letter: str, fragments: int) -> None:
    """In a profile a control character takes six bytes."""
    states = {f"c{number}": full(f"{number}", letter, *[NO][: number == 3]) for number in range(fragments)}
    printer = RecordBuilder(0, 8, 0)

    output = printer.announced("c1", Profiled(7, states, ("c2",)), states["c0"])

    assert output.value is not None
    assert len(output.value) <= LARGEST_PROFILE < LIMITS[CONTACT_STATE]
    shown = orjson.loads(output.value)
    assert (shown["version"], shown["merged_from"], shown["consent"]) == (7, ["c2"], {"email": False})
    assert shown["canvass"]["answers"]
    assert printer.cut == 1


def test_a_person_who_has_room_is_shown_whole_and_not_counted() -> None:
    states = {"c0": full("1"), "c1": full("2")}
    printer = RecordBuilder(0, 8, 0)

    output = printer.announced("c1", Profiled(7, states, ()), states["c0"])

    shown = orjson.loads(output.value or b"")
    assert shown["canvass"]["attempts"] == sum(len(state.facts) for state in states.values())
    assert printer.cut == 0


def test_the_part_of_a_full_fragment_is_taken() -> None:
    output = RecordBuilder(0, 8, 0).announced("c1", FragmentChange("c0", 7, is_there=True), full("1", "\x01"))

    assert output.value is not None
    assert len(output.value) < LIMITS[CONTACT_FRAGMENTS]
