"""The ten segments of the demo have members, and the fold has everybody where the oracle has them."""

import pytest

from events.contact import Contact
from events.envelope import Interaction
from events.harmonised import harmonise
from events.identifiers import Hasher
from events.registry import MODELS
from events.times import parse_time
from streams.demo import segments
from streams.demo.check import compare_segments
from streams.demo.script import write_script
from streams.demo.truth import ContactFields, Sent
from streams.domain.contact import ContactState, fold, read_fact
from streams.domain.contact.state import Fact
from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.matching_plan import MatchingPlan
from streams.domain.segments.person import whole_person
from streams.domain.segments.resolution import resolve
from tests.property.domain.segments.definitions import read

HASHER = Hasher([b"key"])
AT = segments.moment_of_check()


@pytest.fixture(scope="module")
def sent() -> list[Sent]:
    return write_script(2012, 0.05).accepted()


def identify(contact: ContactFields) -> str:
    return HASHER.fragment(Contact.model_validate(contact)) or ""


def folded(sent: list[Sent]) -> dict[str, ContactState]:
    states: dict[str, ContactState] = {}
    for one in sent:
        model = MODELS[one.type].model_validate({"contact": one.contact, **one.fields})
        said = Interaction(id=one.id, source=one.source, type=one.type, time=parse_time(one.time) or 0, data=model)
        name, value = harmonise(said, HASHER)
        fact = read_fact(value, int(AT.timestamp() * 1000))
        assert isinstance(fact, Fact)
        states[name], _ = fold(states.get(name, ContactState()), [fact])
    return states


def test_everybody_is_where_the_oracle_has_them_and_no_segment_is_empty(sent: list[Sent]) -> None:
    asked = segments.tables(AT)
    meant = segments.memberships(sent, identify, asked, AT)
    assert {name for names in meant.values() for name in names} == {table["id"] for table in asked}
    assert len(asked) == 10

    rules = channel_rules(default_policy())
    plan = MatchingPlan(resolve(read([{**table} for table in asked]), rules).segments, rules)
    people = {name: whole_person(name, {name: state}) for name, state in folded(sent).items()}
    found = {
        name: {*plan.names(plan.read(person, int(AT.timestamp() * 1000)).answer)}
        for name, person in people.items()
        if person is not None
    }
    assert compare_segments(meant, found) == []


def test_who_is_elsewhere_is_named_with_what_is_expected() -> None:
    [wrong] = compare_segments({"a": {"donors"}, "b": {"met"}}, {"a": {"donors", "west"}, "b": {"met"}})
    assert str(wrong) == "contact-segments, a: segments is ['donors', 'west'], expected ['donors']"
