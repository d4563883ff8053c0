"""What a sink does with two topics that speak of the same contacts; each sink runs all of it through a `Bench`."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.topics import CONTACT_LINKS
from sinks.base import ContactChange, ContactSink, Position, StoredContact
from tests.budgets import shares_fixtures
from tests.contract.contact_sink import (
    BATCHES,
    HASHED,
    Bench,
    any_batches_end_as_the_highest_versions,
    at,
    erased,
    forgotten,
    living,
    merged,
)


def absorbed(contact_id: str, version: int, survivor: str) -> ContactChange:
    """What `contact-links` says of an absorbed contact."""
    return ContactChange(contact_id, version, None, None, survivor)


def alone(contact_id: str, version: int) -> ContactChange:
    """What `contact-links` says of one that is absorbed no more."""
    return ContactChange(contact_id, version, None, None, None, alone=True)


class Reader:
    """A sink's view of one topic, written to from where it stands."""

    def __init__(self, sink: ContactSink) -> None:
        self.sink = sink
        self._position: Position | None = None

    async def take(self, *changes: ContactChange) -> None:
        after = at(1 if self._position is None else self._position.offset + 1)
        assert await self.sink.write(0, changes, self._position, after)
        self._position = after


@dataclass(frozen=True)
class Step:
    """What happens to a contact in one transaction: a record in either topic or in both, of one version."""

    state: ContactChange | None
    link: ContactChange | None


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    """The life of one contact, with a profile of its own or without."""
    has_facts, is_absorbed = draw(st.booleans()), False
    steps = []
    for version in range(1, draw(st.integers(1, 8)) + 1):
        what = draw(st.sampled_from(["news", "absorbed", "alone"]))
        if what == "absorbed":
            survivor = draw(st.sampled_from(["bob", "cyd"]))
            state = merged(HASHED, version, survivor) if has_facts else None
            steps.append(Step(state, absorbed(HASHED, version, survivor)))
        elif is_absorbed and what == "alone":
            steps.append(Step(living(HASHED, version, b"%d" % version) if has_facts else None, alone(HASHED, version)))
        elif not is_absorbed:
            has_facts = True
            steps.append(Step(living(HASHED, version, b"%d" % version), None))
        is_absorbed = what == "absorbed" or (is_absorbed and what != "alone")
    return steps


def expected(history: Sequence[Step]) -> StoredContact | None:
    last = history[-1] if history else Step(None, None)
    if last.state is not None and last.state.profile is not None:
        return StoredContact(last.state.version, last.state.profile)
    if last.link is None or last.link.alone:
        return None
    return StoredContact(last.link.version, merged_into=last.link.merged_into)


INTERLEAVINGS = st.lists(st.booleans(), max_size=16)


every_sink = settings(
    shares_fixtures,
    suppress_health_check=[*shares_fixtures.suppress_health_check, HealthCheck.differing_executors],
)
"""The budget of a law that the classes of all sinks inherit."""


class TwoTopicsContract:
    @every_sink
    @given(batches=BATCHES)
    async def test_any_batches_in_any_order_end_as_the_highest_versions(
        self, bench: Bench, batches: list[list[ContactChange]]
    ) -> None:
        await any_batches_end_as_the_highest_versions(bench, batches)

    @every_sink
    @given(history=histories(), first=INTERLEAVINGS)
    async def test_any_interleaving_of_the_two_topics_ends_the_same(
        self, bench: Bench, history: list[Step], first: list[bool]
    ) -> None:
        """Each topic in its order; one that stands alone is told once `contact-state` is as far, as by the agent."""
        await bench.flush()
        states, links = Reader(bench.sink), Reader(bench.sink.reading(CONTACT_LINKS))
        said = [step.state for step in history if step.state is not None]
        linked = [step.link for step in history if step.link is not None]
        turns = iter(first)
        while said or linked:
            may_link = linked and not (linked[0].alone and said and said[0].version <= linked[0].version)
            if may_link and (not said or next(turns, True)):
                await links.take(linked.pop(0))
            else:
                await states.take(said.pop(0))
        assert await bench.stored(HASHED) == expected(history)
        survivor = expected(history)
        assert await bench.contact_of(HASHED) == (None if survivor is None else survivor.merged_into or HASHED)

    async def test_each_topic_has_a_position_of_its_own(self, bench: Bench) -> None:
        links = bench.sink.reading(CONTACT_LINKS)
        assert await bench.sink.write(0, [living("ada", 1)], None, at(5))
        assert await links.position(0) is None
        assert await links.write(0, [absorbed("bob", 1, "ada")], None, at(2))
        assert (await bench.sink.position(0), await links.position(0)) == (at(5), at(2))
        assert await links.touch(0, at(2))
        assert not await links.touch(0, at(5))

    async def test_clearing_for_one_topic_lets_both_be_read_again(self, bench: Bench) -> None:
        for clearing in (bench.sink, bench.sink.reading(CONTACT_LINKS)):
            states, links = Reader(bench.sink), Reader(bench.sink.reading(CONTACT_LINKS))
            await states.take(living("ada", 1))
            await links.take(absorbed(HASHED, 1, "ada"))
            await clearing.clear(0, 1)
            assert (await states.sink.position(0), await links.sink.position(0)) == (None, None)
            assert (await bench.stored("ada"), await bench.stored(HASHED)) == (None, None)
            assert await bench.contact_of(HASHED) is None

    async def test_a_mark_that_is_newer_or_as_new_stays(self, bench: Bench) -> None:
        states, links = Reader(bench.sink), Reader(bench.sink.reading(CONTACT_LINKS))
        await states.take(merged(HASHED, 5, "ada"))
        for version in (4, 5):
            await links.take(alone(HASHED, version))
            assert await bench.stored(HASHED) == StoredContact(5, merged_into="ada")
        await links.take(alone(HASHED, 2**53 + 6))
        assert await bench.stored(HASHED) is None

    async def test_standing_alone_takes_no_profile_away(self, bench: Bench) -> None:
        states, links = Reader(bench.sink), Reader(bench.sink.reading(CONTACT_LINKS))
        await states.take(living(HASHED, 5, b"profile"))
        for version in (4, 5, 6):
            await links.take(alone(HASHED, version))
        assert await bench.stored(HASHED) == StoredContact(5, b"profile")
        assert await bench.contact_of(HASHED) == HASHED

    async def test_standing_alone_takes_no_mark_of_an_erasure_away(self, bench: Bench) -> None:
        states, links = Reader(bench.sink), Reader(bench.sink.reading(CONTACT_LINKS))
        await states.take(erased("ada", 5))
        await links.take(alone("ada", 6), alone("nobody", 1))
        assert await bench.stored("ada") == StoredContact(5, erased=True)
        assert await bench.stored("nobody") is None

    async def test_one_that_is_forgotten_does_not_come_back_by_a_late_absorption(self, bench: Bench) -> None:
        states, links = Reader(bench.sink), Reader(bench.sink.reading(CONTACT_LINKS))
        await states.take(living(HASHED, 1))
        await links.take(absorbed(HASHED, 3, "ada"), alone(HASHED, 4))
        await states.take(merged(HASHED, 2, "ada"), forgotten(HASHED, 5))
        assert await bench.stored(HASHED) is None
        assert await bench.contact_of(HASHED) is None
