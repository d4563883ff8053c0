"""What a chunk counts: so many experiments of a person, and of a partition, as there is room for."""

import pytest

from streams.domain.contact import ContactState, decode, encode
from streams.domain.contact.overview import overview
from streams.domain.contact.packed_contribution import PackedContribution
from streams.domain.contact.state import Fact
from streams.domain.experiments.adding import add_up
from streams.domain.experiments.partials import Counted, read_partial
from streams.domain.experiments.rules import DAY_MS, Rule
from streams.engine.states import Codec, Recent, States
from streams.engine.store import MemoryStore
from streams.worker.agents import book, experimenting
from streams.worker.agents.book import Book, book_of
from streams.worker.agents.experimenting import Experimenting
from tests.unit.domain.contact.said import DONOR, NOON, Arrival, folded
from tests.unit.domain.experiments.people import assigned


@pytest.fixture
def held() -> Book:
    states: States[ContactState] = States(MemoryStore(), Codec(encode, decode), Recent(0))
    return book_of(states)


@pytest.fixture
def experiments(held: Book) -> Experimenting:
    return Experimenting(held, NOON)


def counted(experiments: Experimenting, *arrivals: Arrival) -> PackedContribution:
    """Of one who has just taken all of this."""
    facts: list[Fact] = [arrival.fact() for arrival in arrivals]
    return experiments.of_one(DONOR, overview(folded(*arrivals)), ContactState(), facts)


def people_told(experiments: Experimenting) -> dict[str, int]:
    """By experiment."""
    records = [read for each in experiments.outputs() if isinstance(read := read_partial(each.value), Counted)]
    return {name: int(row[0]) for (name, *_), row in add_up(records)[0].items()}


def test_a_person_is_in_so_many_experiments_those_that_are_defined_first(
    held: Book, experiments: Experimenting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experimenting, "MOST", 3)
    held.rule("z", Rule("1", covariate_days=0))
    found = counted(experiments, *(assigned(experiment=name) for name in "vwxyz"))
    assert list(found.experiments) == ["v", "w", "z"]
    assert experiments.uncounted == 2
    assert people_told(experiments) == {"v": 1, "w": 1, "z": 1}


def test_who_is_before_a_definitions_start_leaves_no_one_out(
    held: Book, experiments: Experimenting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experimenting, "MOST", 1)
    held.rule("x", Rule("1", start=NOON + 1))
    assert list(counted(experiments, assigned(experiment="x"), assigned(experiment="y")).experiments) == ["y"]
    assert experiments.uncounted == 0


def test_experiments_without_room_are_left_out_and_those_that_are_counted_stay(
    held: Book, experiments: Experimenting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "MOST_COUNTED", 2)
    first = counted(experiments, assigned(experiment="x"), assigned(experiment="y"))
    assert list(counted(experiments, *(assigned(experiment=name) for name in "wxyz")).experiments) == ["x", "y"]
    assert list(first.experiments) == ["x", "y"]
    assert experiments.uncounted == 2
    assert held.beside == {b"counted/x": b"%d" % (NOON // DAY_MS), b"counted/y": b"%d" % (NOON // DAY_MS)}


def test_whoever_is_heard_of_on_another_day_is_noted_for_that_day(held: Book, experiments: Experimenting) -> None:
    counted(experiments, assigned(experiment="x"))
    later = Experimenting(held, NOON + DAY_MS)
    held.beside = {}
    counted(later, assigned("A", experiment="x"))
    assert held.beside == {b"counted/x": b"%d" % (NOON // DAY_MS + 1)}
