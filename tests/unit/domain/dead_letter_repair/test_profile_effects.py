from events.envelope import Interaction, Record, decode
from events.harmonised import harmonise
from streams.domain.dead_letter_repair.profile_effects import fields_added_by
from tests.unit.domain.dead_letter_repair.writing import HASHER, saying
from tests.unit.events.records import NOW


def taken(value: bytes, topic: str) -> bytes:
    read = decode(Record(topic, value, (), NOW))
    assert isinstance(read, Interaction)
    return harmonise(read, HASHER)[1]


def test_what_letters_say_is_shown_field_by_field() -> None:
    gift = taken(saying("donation.made"), "donation-events")
    added = {each.field: each.value for each in fields_added_by("c1", [gift], NOW)}
    assert added["donations.net.USD"] == 5000
    assert added["counts.donation.made"] == 1
    assert "version" not in added
    assert "canvass.attempts" not in added


def test_two_letters_of_one_interaction_say_it_once() -> None:
    gift = taken(saying("donation.made"), "donation-events")
    assert fields_added_by("c1", [gift, gift], NOW) == fields_added_by("c1", [gift], NOW)


def test_of_lists_the_length_is_shown_and_of_addresses_nothing() -> None:
    sent = taken(saying("email.sent", contact={"contact_id": "c1", "email": "a@example.org"}), "email-events")
    added = {each.field: each.value for each in fields_added_by("c1", [sent], NOW)}
    assert added["touches"] == 1
    assert not any(name.startswith("addresses") for name in added)
