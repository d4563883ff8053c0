"""Everybody is due at their time, once, however the timers lie in pieces between the store and what is at hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain.contact import ContactState, decode, encode
from streams.engine.decoded_states import BESIDE, Codec, RecentStates, States
from streams.engine.store import MemoryStore, Position
from streams.worker.agents.segments import timers
from streams.worker.agents.segments.timers import Timers
from tests.budgets import shares_fixtures

CONTACTS = st.sampled_from([b"a", b"b", b"c", b"d", b"e", b"f", b"g"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("arm"), CONTACTS, st.integers(0, 40)),
        st.tuples(st.just("disarm"), CONTACTS, st.just(0)),
        st.tuples(st.just("take"), st.just(b""), st.integers(0, 4)),
        st.tuples(st.just("commit"), st.just(b""), st.integers(0, 1)),
    ),
    max_size=40,
)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers, "AT_ONCE", 2)
    monkeypatch.setattr(timers, "MOST", 4)
    monkeypatch.setattr(timers, "AHEAD_MS", 3)


class Partition:
    """The timers of a partition, and what they should be."""

    def __init__(self) -> None:
        self.now = 0
        self.armed: dict[bytes, int] = {}
        self._store = MemoryStore()
        self._states: States[ContactState] = States(self._store, Codec(encode, decode), RecentStates(0))
        self.timers = Timers(self._states)
        self.timers.begin()

    def arm(self, contact: bytes, later: int) -> None:
        self.disarm(contact)
        self.armed[contact] = self.now + 1 + later
        self.timers.arm(self.armed[contact], contact)

    def disarm(self, contact: bytes, _: int = 0) -> None:
        if contact in self.armed:
            self.timers.disarm(self.armed.pop(contact), contact)

    def take(self, _: bytes, most: int) -> None:
        for due, contact in self.timers.take(self.now, most):
            assert due <= self.now
            if self.armed.get(contact) == due:
                self.disarm(contact)

    def commit(self, _: bytes, is_restarted: int) -> None:
        changes = {BESIDE + key: value for key, value in self.timers.beside.items()}
        self._store.write(changes, Position("t", 1, 0))
        if is_restarted:
            self.timers = Timers(self._states)
        self.timers.begin()


@shares_fixtures
@given(STEPS, st.lists(st.integers(0, 3), max_size=40))
def test_whoever_is_armed_is_taken_when_due_and_nobody_else(
    steps: list[tuple[str, bytes, int]], later: list[int]
) -> None:
    partition = Partition()
    for (what, contact, number), more in zip(steps, [*later, *([0] * len(steps))], strict=False):
        partition.now += more
        getattr(partition, what)(contact, number)
        is_anybody = any(due <= partition.now for due in partition.armed.values())
        assert partition.timers.is_due(partition.now) >= is_anybody
    taken = dict[bytes, int]()
    while found := partition.timers.take(partition.now + 100, 3):
        taken |= {name: due for due, name in found if partition.armed.get(name) == due}
    assert taken == partition.armed
