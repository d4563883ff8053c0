"""What is said in the suite that holds contacts with experiments against those without, and how shares come about."""

from random import Random

import pytest

from benchmarks.live import metered
from benchmarks.live.beside import Pair, kept
from benchmarks.live.crowd import Cell, cells_of, contact_id_of, ordinary, states
from events.envelope import Interaction, Record, decode
from events.identifiers import Hasher
from streams.domain.contact import decode as state_of
from streams.domain.contact.facts.from_interactions import fact_of
from streams.domain.contact.person_view import overview
from streams.domain.contact.state import Fact

NOW_MS = 1_700_000_000_000
HASHER = Hasher([b"key"])
PERSON = 3


def facts(*, in_experiments: bool) -> list[Fact]:
    rng, found = Random(5), []
    for number in range(300):
        said = ordinary(rng, PERSON, f"{number}", NOW_MS, in_experiments=in_experiments)
        read = decode(Record(said.topic, said.value, (), NOW_MS))
        assert isinstance(read, Interaction)
        assert HASHER.fragment(read.data.contact) == contact_id_of(PERSON, HASHER)
        found.append(fact_of((read.id, read.source, read.type, read.dataschema), read.time, read.data, NOW_MS))
    return found


def test_all_mail_carries_one_of_the_persons_experiments_and_nothing_else_does() -> None:
    found = facts(in_experiments=True)
    armed = [fact for fact in found if fact.arm is not None]
    assert {fact.type for fact in armed} == {"email.sent"}
    assert len(armed) == sum(fact.type == "email.sent" for fact in found)
    cells = {Cell(fact.arm.experiment, fact.arm.variant) for fact in armed if fact.arm is not None}
    assert cells == set(cells_of(PERSON))


def test_without_experiments_the_same_is_said_and_known() -> None:
    without, within = facts(in_experiments=False), facts(in_experiments=True)
    assert [(fact.type, fact.id, fact.detail) for fact in without] == [
        (fact.type, fact.id, fact.detail) for fact in within
    ]
    assert not any(fact.arm for fact in without)
    known, others = (
        [overview(state_of(value)) for _, value in states(range(4), NOW_MS, 7, HASHER, in_experiments=each)]
        for each in (True, False)
    )
    assert [len(each.state.facts) for each in known] == [len(each.state.facts) for each in others]
    assert all(each.assigned for each in known)
    assert not any(each.assigned for each in others)


@pytest.mark.parametrize(("shares", "middle"), [((0.5, 0.8, 0.6), 0.6), ((0.5, 0.8, 0.6, 0.7), 0.65)])
def test_of_the_pairs_the_middle_one_tells(shares: tuple[float, ...], middle: float) -> None:
    pairs = [Pair({metered.CONTACTS: share * 100}, {metered.CONTACTS: 100}) for share in shares]
    assert kept(pairs) == pytest.approx(middle)
