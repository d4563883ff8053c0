from collections import Counter

import pytest

from benchmarks.pipeline.sayings import Saying, contact_id_of, fragment_of
from benchmarks.pipeline.twofold import People, has_two, joining, load, names_of, states
from events.envelope import Interaction, Record, decode
from events.harmonised import harmonise
from events.identifiers import Hasher
from streams.domain.contact import decode as read_state

NOW_MS = 1_700_000_000_000
HASHER = Hasher([b"key"])
LINKED, ALONE = People(1000, linked=True), People(1000, linked=False)


def accepted(said: Saying) -> Interaction:
    found = decode(Record(said.topic, said.value, [], NOW_MS), HASHER.phone_region)
    assert isinstance(found, Interaction), found
    return found


def key_of(said: Saying) -> str:
    return harmonise(accepted(said), HASHER)[0]


def both_ids(person: int) -> set[str]:
    return {contact_id_of(person, HASHER), fragment_of(names_of(person).weak, HASHER)}


def test_links_are_made_by_one_interaction_with_each_of_the_tenth_that_names_both() -> None:
    said = [accepted(one) for one in joining(LINKED, 3, NOW_MS)]
    assert {len(HASHER.identifiers(one.data.contact)) for one in said} == {2}
    assert [harmonise(one, HASHER)[0] for one in said] == [contact_id_of(each, HASHER) for each in LINKED.with_two()]


def test_with_links_a_tenth_of_the_load_is_about_the_tenth_and_half_of_it_names_the_weak_identifier() -> None:
    weak = {fragment_of(names_of(person).weak, HASHER) for person in LINKED.with_two()}
    strong = {contact_id_of(person, HASHER) for person in LINKED.with_two()}
    keys = Counter(map(key_of, load(LINKED, 20_000, 3, NOW_MS)))
    counts = [sum(keys[each] for each in ids) for ids in (weak, strong)]
    assert counts == [pytest.approx(1000, rel=0.15)] * 2


def test_both_have_the_same_history_but_the_tenth_under_two_identifiers() -> None:
    alone = {id_: len(read_state(state).facts) for id_, state in states(ALONE, NOW_MS, 3, HASHER)}
    linked = {id_: len(read_state(state).facts) for id_, state in states(LINKED, NOW_MS, 3, HASHER)}
    assert (len(alone), len(linked)) == (1000, 1100)
    for person in range(1000):
        ids = both_ids(person) if has_two(person) else {contact_id_of(person, HASHER)}
        assert sum(linked[each] for each in ids) == alone[contact_id_of(person, HASHER)]
