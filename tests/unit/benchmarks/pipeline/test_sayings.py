from random import Random

import pytest

from benchmarks.pipeline.sayings import MIX, Saying, contact_id_of, saying, sayings
from events.envelope import Interaction, Record, decode
from events.harmonised import harmonise
from events.identifiers import Hasher

NOW_MS = 1_700_000_000_000
HASHER = Hasher([b"key"])


def accepted(said: Saying) -> Interaction:
    found = decode(Record(said.topic, said.value, [], NOW_MS), HASHER.phone_region)
    assert isinstance(found, Interaction), found
    return found


def test_everything_said_is_accepted_and_every_type_is_said() -> None:
    found = [accepted(said) for said in sayings(50, 2000, seed=3, now_ms=NOW_MS)]
    assert {one.type for one in found} == MIX.keys()
    assert len({(one.source, one.id) for one in found}) == 2000


@pytest.mark.parametrize("person", range(10))
def test_whatever_is_said_of_a_person_has_the_contact_id_of_that_person(person: int) -> None:
    rng = Random(1)
    keys = {harmonise(accepted(saying(rng, person, f"{n}", NOW_MS)), HASHER)[0] for n in range(200)}
    assert keys == {contact_id_of(person, HASHER)}
