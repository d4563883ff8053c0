"""Identity beside its model, in any order of messages, with backups."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from msgspec.structs import replace

from events.envelope import Interaction
from events.harmonised import harmonise
from events.identifiers import Hasher
from events.identity_links import CanonicalId, read_canonical_id
from events.json_types import JSON
from events.registry import MESSAGES
from events.topics import CONTACT_LINKS, CONTACT_ROOFS, CONTACT_STATE, INTERACTIONS
from streams.domain import identity
from streams.domain.contact import ContactState, decode, encode, fold, merge, read_fact
from streams.domain.contact.identity.identity_edges import told
from streams.domain.contact.merging import weigh
from streams.domain.contact.state import Fact
from streams.engine.decoded_states import NO_STATES
from streams.engine.store import Position, open_memory_store
from streams.engine.writer import Output
from streams.operations.backup.new_generation import GenerationBuilder, GenerationTarget, LaterErasure
from tests.property.worker.links.sayings import (
    APPENDED,
    TIMES,
    Saying,
    as_they_come,
    contacts,
    happenings,
    interaction,
    retractions,
    rulings,
    sayings_of,
    suppressions,
)
from tests.property.worker.links.truth import Truth
from tests.property.worker.links.world import CROWD, World, asking
from tests.unit.domain.contact.said import DAY, HOUR
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW


class Story(RuleBasedStateMachine):
    """What is said is appended at once; what the agents make of it comes in any order and any pieces."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.truth = Truth()
        self.said: list[Saying] = []
        self.count = 0

    def say(self, saying: Saying) -> None:
        """What counts only if the person has begun anew meets agents at rest, before it and behind it."""
        if hangs := self.truth.hangs_on_others(saying.interaction, self.world.hasher):
            self.world.settle()
        self._append(saying)
        if hangs:
            self.world.settle()

    def _append(self, saying: Saying) -> None:
        self.world.say(saying.interaction, saying.appended_at)
        self.truth.hear(saying.interaction, self.world.hasher, saying.appended_at)
        self.said.append(saying)

    def next_id(self) -> str:
        self.count += 1
        return f"i{self.count}"

    @rule(data=st.data(), at=APPENDED)
    def something_happens(self, data: st.DataObject, at: int) -> None:
        self.say(Saying(data.draw(happenings(self.next_id())), at))

    @precondition(lambda self: self.said)
    @rule(data=st.data(), at=APPENDED)
    def it_comes_again(self, data: st.DataObject, at: int) -> None:
        again = data.draw(st.sampled_from(self.said))
        self.say(Saying(again.interaction, max(at, again.appended_at)))

    @rule(data=st.data(), at=APPENDED)
    def somebody_rules(self, data: st.DataObject, at: int) -> None:
        self.say(Saying(data.draw(rulings(self.next_id())), at))

    @rule(data=st.data(), at=APPENDED)
    def somebody_is_suppressed(self, data: st.DataObject, at: int) -> None:
        self.say(Saying(data.draw(suppressions(self.next_id())), at))

    @precondition(lambda self: self.said)
    @rule(data=st.data(), at=APPENDED)
    def something_is_taken_back(self, data: st.DataObject, at: int) -> None:
        said = [saying.interaction for saying in self.said]
        self.say(Saying(data.draw(retractions(self.next_id(), said)), at))

    @precondition(lambda self: self.world.waiting())
    @rule(data=st.data(), count=st.integers(1, 5))
    def an_agent_works(self, data: st.DataObject, count: int) -> None:
        self.world.work(data.draw(st.sampled_from(self.world.waiting())), count)

    @rule(data=st.data(), contact=contacts(2), time=TIMES)
    def somebody_is_erased(self, data: st.DataObject, contact: dict[str, JSON], time: int) -> None:
        """It acts when it is folded, so other fragments are at rest: else which side a thing is on is anybody's guess.

        What the erased one itself has heard just before and just after it is on the side on which it was said.
        """
        self.world.settle()
        self._say_of(contact, data)
        self._append(
            Saying(interaction("contact.erased", self.next_id(), time, "office/desk", {"contact": contact}), NOW)
        )
        self._say_of(contact, data)
        as_they_come(self.world, data)

    def _say_of(self, contact: dict[str, JSON], data: st.DataObject) -> None:
        """A few things under this very fragment, whose fate nobody else decides."""
        for _ in range(data.draw(st.integers(0, 3))):
            said = data.draw(sayings_of(self.next_id(), contact, self.world.hasher))
            if not self.truth.hangs_on_others(said, self.world.hasher):
                self._append(Saying(said, data.draw(APPENDED)))

    def teardown(self) -> None:
        self.world.settle()
        self.agrees()

    def agrees(self) -> None:
        world, truth = self.world, self.truth
        assert world.profiles() == truth.profiles()
        assert world.merged() == truth.merged()
        assert world.closed() == truth.closed()
        self.receipts_agree()

    def receipts_agree(self) -> None:
        """One for each person who was erased, under the canonical id of that moment."""
        found = {
            (str(alert["contact_id"]), str(each["id"]))
            for alert in self.world.alerts
            if alert["rule"] == "erased" and isinstance(alert["evidence"], list)
            for each in alert["evidence"]
            if isinstance(each, dict)
        }
        assert self.truth.receipts <= found <= self.truth.receipts | self.truth.others


TestStory = Story.TestCase


ROTATING = Hasher([b"key", b"old"])


@st.composite
def facts(draw: st.DrawFn) -> list[Fact]:
    """Of one fragment, each told once: things that happened, suppressions, retractions of some."""
    found = []
    for number in range(draw(st.integers(0, 10))):
        said = draw(st.one_of(happenings(f"i{number}"), suppressions(f"i{number}")))
        contact: dict[str, JSON] = {**said.data.contact.plain(), "contact_id": "crm.ada"}
        data: dict[str, JSON] = {**said.data.plain(), "contact": contact}
        found.append(interaction(said.type, said.id, said.time, said.source, data))
        if draw(st.integers(0, 4)) == 0:
            gone: dict[str, JSON] = {"contact": contact, "retracts": {"source": said.source, "id": said.id}}
            found.append(interaction("interaction.retracted", f"r{number}", NOW, "team/a", gone))
    read = [read_fact(harmonise(said, ROTATING)[1], NOW) for said in found]
    return [fact for fact in read if isinstance(fact, Fact)]


def folded(known: list[Fact]) -> ContactState:
    return fold(ContactState(), known)[0]


@given(facts())
def test_the_table_is_sorted_and_holds_what_is_named_and_no_more(known: list[Fact]) -> None:
    state = folded(known)
    kept = [*state.facts.values(), *state.commands.values(), *state.forgotten.values()]
    assert sorted(set(state.carried)) == list(state.carried)
    assert {fact.carried for fact in kept} - {0} == set(range(1, len(state.carried) + 1))
    assert state.weight == weigh((state.facts, state.commands, state.forgotten), state.carried, state.settled)
    assert decode(encode(state)) == state


@given(facts(), st.data())
def test_in_any_order_and_in_parts_it_is_the_same_state(known: list[Fact], data: st.DataObject) -> None:
    dealt: list[list[Fact]] = [[], [], []]
    for fact in data.draw(st.permutations(known)):
        dealt[data.draw(st.integers(0, 2))].append(fact)
    assert reduce(merge, map(folded, dealt), ContactState()) == folded(known)


@given(facts())
def test_settling_takes_back_nothing_that_was_told(known: list[Fact]) -> None:
    state = folded(known)
    late = Fact("form.submitted", NOW, "team/a", "late", NOW + 60 * DAY)
    settled, _ = fold(state, [late])
    assert not any(fact.type in MESSAGES for fact in settled.facts.values())
    assert told("crm.ada", settled) == told("crm.ada", state)
    assert settled.weight == weigh(
        (settled.facts, settled.commands, settled.forgotten), settled.carried, settled.settled
    )


ERAS, ERA = 3, 100 * HOUR
LASTS = 48 * HOUR
"""By the broker's clock; three of them are less than the week in which copies are known."""
LAST = NOW + LASTS - 1
CONTACTS, LINKS = "contacts", "links"
ENDS = (CONTACT_ROOFS, INTERACTIONS)


@dataclass(frozen=True)
class Cut:
    """The table of one partition at some moment, and how far it had read what it reads."""

    table: dict[bytes, bytes]
    interactions: int
    roofs: int


@dataclass(frozen=True)
class Copy:
    """All cuts, and where the topics ended once the last one was made: first the roofs, then the interactions."""

    cuts: dict[int, Cut]
    roofs: dict[int, int]
    interactions: dict[int, int]


class Burning(Story):
    """Everything but a copy is lost, again and again.

    What happens behind an erasure happened later than it, and whatever hangs on others is copied whole: on which side
    of an erasure such things are, is decided by the order in which agents hear of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.era = 0
        self.cuts: dict[int, Cut] = {}
        self.copy: Copy | None = None
        self.kept: dict[tuple[str, str], Interaction] = {}

    def say(self, saying: Saying) -> None:
        super().say(self._in_its_era(saying))

    def _append(self, saying: Saying) -> None:
        saying = self._in_its_era(saying)
        if self.truth.hangs_on_others(saying.interaction, self.world.hasher):
            self.cuts, self.copy = {}, None
        super()._append(saying)

    def _in_its_era(self, saying: Saying) -> Saying:
        """What is said again is said as it was; the broker's clock goes on, from one era to the next."""
        said = saying.interaction
        shifted = replace(said, time=said.time + (self.era - ERAS) * ERA)
        appended_at = NOW + self.era * LASTS + (saying.appended_at - NOW) % LASTS
        return Saying(self.kept.setdefault((said.source, said.id), shifted), appended_at)

    @precondition(lambda self: self.era < ERAS - 1)
    @rule(data=st.data(), contact=contacts(2), time=st.none())
    def somebody_is_erased(self, data: st.DataObject, contact: dict[str, JSON], time: int) -> None:
        """While it is on its way, partitions are copied."""
        self.world.settle()
        self._say_of(contact, data)
        self._append(
            Saying(interaction("contact.erased", self.next_id(), NOW, "office/desk", {"contact": contact}), LAST)
        )
        self.era += 1
        for _ in range(data.draw(st.integers(0, 12))):
            waiting = self.world.waiting()
            if data.draw(st.booleans()) and waiting:
                self.world.work(data.draw(st.sampled_from(waiting)), data.draw(st.integers(1, 4)))
            else:
                self._copy_partition(data.draw(st.integers(0, self.world.partitions - 1)))
        self.world.settle()

    @rule(data=st.data())
    def a_partition_is_copied(self, data: st.DataObject) -> None:
        self._copy_partition(data.draw(st.integers(0, self.world.partitions - 1)))

    def _copy_partition(self, number: int) -> None:
        table = dict(self.world.stores[number].items())
        if asking(table):
            return
        read = self.world.read
        self.cuts[number] = Cut(table, read[INTERACTIONS, number], read[CONTACT_ROOFS, number])
        if len(self.cuts) == self.world.partitions:
            ends = [{each: len(self.world.logs[topic, each]) for each in self.cuts} for topic in ENDS]
            copy = Copy({**self.cuts}, *ends)
            if not any(map(is_erasure, tail_of(self.world, copy))):
                self.copy, self.cuts = copy, {}

    def receipts_agree(self) -> None:
        """Of a world that was lost they are lost as well."""

    @precondition(lambda self: self.copy is not None)
    @rule(partitions=st.integers(1, 5))
    def all_is_lost_but_the_copy(self, partitions: int) -> None:
        assert self.copy is not None
        lost = self.world
        self.world = remade(lost, self.copy, partitions)
        self.cuts, self.copy = {}, None
        self.world.settle()
        newer_than(lost, self.world)


def remade(lost: World, copy: Copy, partitions: int, forgotten: Sequence[LaterErasure] = ()) -> World:
    """A world from the copy of another one, with all that was said since."""
    world = World(lost.hasher, partitions, lost.generation + 1)
    target = GenerationTarget(CONTACTS, LINKS, partitions, lost.partitions, world.generation, CROWD)
    remaking = GenerationBuilder(open_memory_store, target, inflight(lost, copy), forgotten)
    for number, cut in copy.cuts.items():
        for key, value in cut.table.items():
            remaking.take(number, key, value)
    for output in remaking.outputs():
        put(world, output)
    for record in tail_of(lost, copy):
        append(world, record)
    for record in since(lost, copy):
        if is_erasure(record):
            world.settle()
        append(world, record)
        if is_erasure(record):
            world.settle()
    return world


def tail_of(lost: World, copy: Copy) -> list[Fetched]:
    """What is copied of `interactions`: all that a table may lack."""
    return [
        record
        for number, cut in copy.cuts.items()
        for record in lost.logs[INTERACTIONS, number][cut.interactions : copy.interactions[number]]
    ]


def since(lost: World, copy: Copy) -> list[Fetched]:
    """What is not copied, and sent again in its order."""
    said = [lost.logs[INTERACTIONS, number][offset] for number, offset in lost.order]
    return [record for record in said if record.offset >= copy.interactions[record.partition]]


def is_erasure(record: Fetched) -> bool:
    return b"contact.erased" in (record.value or b"")


def append(world: World, record: Fetched) -> None:
    assert record.key is not None
    world.append(record.key.decode(), record.value, record.timestamp)


def inflight(lost: World, copy: Copy) -> dict[str, list[tuple[int, CanonicalId]]]:
    found: dict[str, list[tuple[int, CanonicalId]]] = {}
    for number, cut in copy.cuts.items():
        for record in lost.logs[CONTACT_ROOFS, number][cut.roofs : copy.roofs[number]]:
            told = read_canonical_id(record.key, record.value)
            assert isinstance(told, tuple)
            node, roof = told
            if roof is not None and roof.erased is not None:
                version = int(dict(record.headers)["version"] or b"")
                found.setdefault(node, []).append((version, roof))
    return found


def put(world: World, output: Output) -> None:
    assert output.key is not None
    if output.topic == CONTACTS:
        world.stores[output.partition].write({output.key: output.value}, Position("topic", 1, 0))
    elif output.topic != LINKS:
        world.publish(output)
    elif not output.key.startswith(NO_STATES):
        world.nodes[output.key.decode()] = identity.decode(output.value or b"")


def newer_than(lost: World, world: World) -> None:
    """No reader who had seen the last version of before would ignore what is said now."""
    for topic in (CONTACT_STATE, CONTACT_LINKS):
        for key, latest in world.latest[topic].items():
            before = lost.latest[topic].get(key)
            assert before is None or int(before.headers["version"] or 0) < int(latest.headers["version"] or 0)


TestBurning = Burning.TestCase
