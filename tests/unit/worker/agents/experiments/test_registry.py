"""What a partition keeps of experiments beside its states."""

import pytest

from events.topics import ALL, EXPERIMENT_PARTIALS
from streams.domain.contact import ContactState, decode, encode
from streams.domain.experiments.counting_rules import DEFAULT_RULE
from streams.domain.experiments.partials import PartitionEditions, read_partial
from streams.engine.decoded_states import BESIDE, Codec, RecentStates, States
from streams.engine.store import MemoryStore, Position
from streams.worker.agents.contacts.experiment_deltas import edition_records
from streams.worker.agents.experiments import registry
from streams.worker.agents.experiments.registry import UNHEARD_DAYS, ExperimentRegistry, registry_of


@pytest.fixture
def states() -> States[ContactState]:
    return States(MemoryStore(), Codec(encode, decode), RecentStates(0))


def opened_again(states: States[ContactState], held: ExperimentRegistry) -> ExperimentRegistry:
    states.commit({}, {BESIDE + key: value for key, value in held.beside.items()}, Position("topic", 1, 0))
    states.forget()
    return registry_of(states)


def test_who_made_room_for_others_is_still_counted_anew(
    states: States[ContactState], monkeypatch: pytest.MonkeyPatch
) -> None:
    """People were counted in it, and by a new rule they would else stay with the old one for ever."""
    monkeypatch.setattr(registry, "MOST_COUNTED", 1)
    held = registry_of(states)
    assert held.admits("old", 1)
    assert not held.may_count("new")
    assert not held.admits("new", 1 + UNHEARD_DAYS)
    assert held.admits("new", 2 + UNHEARD_DAYS)
    for each in (held, opened_again(states, held)):
        assert list(each.counted) == ["new"]
        assert each.may_count("old")


def test_a_defined_experiment_has_room_also_where_others_that_nobody_defined_fill_it(
    states: States[ContactState], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "MOST_COUNTED", 2)
    held = registry_of(states)
    held.rule("defined", DEFAULT_RULE)
    held.rule("withdrawn", DEFAULT_RULE)
    held.rule("withdrawn", None)
    assert all(held.admits(f"made up {number}", 1) for number in range(2))
    held = opened_again(states, held)
    assert not held.admits("made up", 1)
    assert not held.admits("withdrawn", 1)
    assert held.admits("defined", 1)


def test_no_record_of_editions_is_too_large_whatever_experiments_are_called() -> None:
    editions = {f"{number:05d}".ljust(256, "\N{GRINNING FACE}"): "12345678" for number in range(1_201)}
    records = edition_records(3, editions)
    [limit] = [topic.max_message_bytes for topic in ALL if topic.name == EXPERIMENT_PARTIALS]
    assert all(len(record.value or b"") < limit for record in records)
    said: dict[str, str] = {}
    for record in records:
        read = read_partial(record.value)
        assert isinstance(read, PartitionEditions)
        assert read.partition == 3
        said |= read.editions
    assert said == editions


def test_what_was_noted_is_of_one_day_and_so_many_bytes(
    states: States[ContactState], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = registry_of(states)
    assert not held.has_noted([b"one"], 1)
    held.note([b"one", b"two"])
    assert held.has_noted([b"one", b"two"], 1)
    assert not held.has_noted([b"one"], 2)
    monkeypatch.setattr(registry, "MOST_NOTED", 5)
    held.note([b"one"])
    held.note([b"two"])
    assert held.has_noted([b"two"], 2)
    assert not held.has_noted([b"one"], 2)
