"""The ten segments of the demo have members; the demo itself compares them with those of the oracle."""

from events.contact import Contact
from events.identifiers import Hasher
from streams.demo import segments
from streams.demo.check import compare_segments
from streams.demo.script import write_script
from streams.demo.truth import ContactFields

HASHER = Hasher([b"key"])
AT = segments.moment_of_check()


def identify(contact: ContactFields) -> str:
    return HASHER.fragment(Contact.model_validate(contact)) or ""


def test_no_segment_of_the_demo_is_empty() -> None:
    asked = segments.tables(AT)
    meant = segments.memberships(write_script(2012, 0.05).accepted(), identify, asked, AT)
    assert {name for names in meant.values() for name in names} == {table["id"] for table in asked}
    assert len(asked) == 10


def test_who_is_elsewhere_is_named_with_what_is_expected() -> None:
    [wrong] = compare_segments({"a": {"donors"}, "b": {"met"}}, {"a": {"donors", "west"}, "b": {"met"}})
    assert str(wrong) == "contact-segments, a: segments is ['donors', 'west'], expected ['donors']"
