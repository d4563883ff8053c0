"""Builds all tables and topics of a new generation from what fragments know by themselves.

Partitions may be of any number. Nothing is published before it is known who is one person: or a part of somebody would
be visible for a while, without the opt-outs given under another identifier.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from events.identity_links import CanonicalId, CommandStamp, IdentityLink
from sinks.keys import partition_of
from streams.domain import identity
from streams.domain.contact import ContactState, decode, encode
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_assignment import (
    counting,
    is_nothing,
    is_worth_sending,
    moved,
    part_key,
    trace,
    trace_key,
)
from streams.domain.contact.identity.identity_edges import news, told
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.domain.contact.packed_contribution import NOTHING
from streams.domain.contact.publication.change_events import Announcement, FragmentChange, FragmentStep, announce
from streams.engine.decoded_states import GENERATION_KEY, NO_STATES, Codec, RecentStates, States
from streams.engine.store import OpenStore, Position
from streams.engine.writer import Output
from streams.worker.agents.contacts.output_records import GENERATION_BITS, RecordBuilder

NO_ERASURES: tuple[Erasure, ...] = ()


def own_knowledge(state: ContactState) -> ContactState:
    """The state as if no other fragment knew it: no canonical id or parts, nothing closed or counted; an erasure stays.

    That a profile was published under its id stays too, so that readers hear when there is none any more.
    """
    place = place_of(state)
    kept = IdentityStatus(
        told=place.told,
        linked=place.linked,
        erased=place.erased,
        marks=place.marks,
        swept=place.swept,
        shown="nothing" if place.shown == "nothing" else "profile",
    )
    return replace(state, place=kept, given=NOTHING)


def after_erasure(state: ContactState, node: str, version: int, roof: CanonicalId) -> ContactState:
    """`state` after hearing of an erasure that had not reached it."""
    return own_knowledge(moved(state, node, version, roof))


def under_canonical_id(state: ContactState, canonical_id: str, told: int) -> ContactState:
    """The fragment as a member of the cluster with this canonical id."""
    return replace(state, place=replace(place_of(state), roof=canonical_id, told=told, linked=True))


def with_fragment(state: ContactState, fragment: str) -> ContactState:
    """The canonical id's state with one more fragment in its cluster."""
    place = place_of(state)
    parts = tuple(sorted({*place.parts, fragment}))
    return replace(state, place=replace(place, parts=parts, linked=True))


def after_announcing(
    contact_id: str, state: ContactState, parts: dict[str, ContactState], erasures: tuple[Erasure, ...] = NO_ERASURES
) -> tuple[ContactState, list[Announcement]]:
    """The state once everything that follows from it is published, and the announcements. `parts`: its fragments."""
    place = place_of(state)
    before = replace(state, place=replace(place, roof=None))
    return announce(
        FragmentStep(contact_id, before, state, parts=counting(parts, place), heard=True, erasures=erasures),
    )


def merged_traces(one: ContactState | None, other: ContactState) -> ContactState:
    """One trace of two that are kept of a fragment: the later erasure binds, and what either knows stays known."""
    if one is None:
        return trace(other)
    a, b = place_of(one), place_of(other)
    erased = max((each.erased for each in (a, b) if each.erased is not None), key=lambda each: each.time, default=None)
    place = IdentityStatus(
        told=max(a.told, b.told),
        linked=a.linked or b.linked,
        erased=erased,
        marks=a.marks or b.marks,
        swept=max(a.swept, b.swept),
    )
    return ContactState(version=max(one.version, other.version), place=place)


LINKS_AT_ONCE = 1_000
RECENT_BYTES = 16 << 20
_TRACE = b"/"
_HERE = Position("", 0, 0)
_EVERYWHERE = 0xFFFF
"""In place of a partition: a trace whose identifier, and so partition, is not known."""

InflightErasures = Mapping[str, Sequence[tuple[int, CanonicalId]]]
"""By node the erasures that its fragment had not heard of yet, each with the version of its record."""


class GenerationTarget(Struct, frozen=True):
    """The generation to build: changelog names, partitions and number.

    `partitions_before`: of the changelog it is made of. `crowd`: the most contacts that may share an identifier.
    """

    contacts: str
    links: str
    partitions: int
    partitions_before: int
    generation: int
    crowd: int

    @property
    def base(self) -> int:
        """The smallest version number of the generation."""
        return self.generation << GENERATION_BITS

    def partition(self, name: str) -> int:
        """An identifier's partition."""
        return partition_of(name, self.partitions)


class LaterErasure(Struct, frozen=True):
    """A fragment whose person was erased after the backup. `contact_id`: the fragment's, None where it is not known.

    `names`: it was the canonical id of the person.
    """

    trace: bytes
    erasure: Erasure
    contact_id: str | None = None
    names: bool = False


class GenerationBuilder:
    """Takes every record of a changelog of contacts, then gives what is to be written.

    Parameters:
        open_store: of two stores that may become as large as all contacts.
        inflight: erasures that were told before the backup and may not have been heard.
        forgotten: those that came after it.
    """

    def __init__(
        self,
        open_store: OpenStore,
        target: GenerationTarget,
        inflight: InflightErasures,
        forgotten: Iterable[LaterErasure] = (),
    ) -> None:
        self._target = target
        self._inflight = dict(inflight)
        self._forgotten = {each.trace: each for each in forgotten}
        self._fragments = States(open_store("fragments", 0), Codec(encode, decode), RecentStates(RECENT_BYTES))
        self._nodes = States(
            open_store("nodes", 0), Codec(identity.encode, identity.decode), RecentStates[identity.Node](RECENT_BYTES)
        )
        self._edges: list[IdentityLink] = []
        self._receipts: dict[str, Erasure] = {}
        self.contacts = 0

    def take(self, partition: int, key: bytes, value: bytes) -> None:
        """Take one record. Raises `Unreadable` for a format that this version does not know."""
        if key.startswith(NO_STATES):
            return
        if key.startswith(_TRACE):
            self._keep_trace(key, decode(value), partition)
        elif _TRACE not in key:
            self.contacts += 1
            self._take(key.decode(), decode(value))

    def outputs(self) -> Iterator[Output]:
        """Everything, once all was taken: changelogs, profiles, links and closed channels, each key once."""
        self._apply_remaining_erasures()
        self._link()
        while self._announce_classes():
            self._link()
        self._assign_canonical_ids()
        yield from self._generations()
        for name, node in self._nodes.store.items():
            yield Output(self._target.links, 0, name, node)
        for key, value in self._fragments.store.items():
            if key.startswith(_TRACE):
                yield from self._traces(key, value)
            else:
                yield from self._announced(key.decode(), decode(value))

    def close(self) -> None:
        """Close the stores."""
        self._fragments.store.close()
        self._nodes.store.close()

    def _take(self, node: str, state: ContactState) -> None:
        after = self._swept(node, state)
        self._keep(node, own_knowledge(state) if after is None else after)
        self._edges += told(node, after or own_knowledge(state)).values()
        if len(self._edges) >= LINKS_AT_ONCE:
            self._link()

    def _swept(self, node: str, state: ContactState) -> ContactState | None:
        """The state after erasures of which the fragment had not heard; None: there are none."""
        late = self._forgotten.pop(trace_key(node), None)
        after = state
        for version, roof in self._inflight.pop(node, ()):
            after = self._sweep(node, after, version, roof)
        known = place_of(after)
        if late is not None and (known.erased is None or known.erased.time < late.erasure.time or not known.marks):
            by = CommandStamp(late.erasure.time, late.erasure.source, late.erasure.id)
            after = self._sweep(node, after, self._target.base - 1, CanonicalId(node if late.names else "", 0, by))
        return None if after is state else after

    def _sweep(self, node: str, before: ContactState, version: int, roof: CanonicalId) -> ContactState:
        after = after_erasure(before, node, version, roof)
        was, now = place_of(before), place_of(after)
        if roof.roof == node and now.erased is not None and (now.erased != was.erased or not was.marks):
            self._receipts[node] = now.erased
        return after

    def _apply_remaining_erasures(self) -> None:
        """Carry out erasures of fragments of which the changelog holds no state."""
        named = [each.contact_id for each in self._forgotten.values() if each.contact_id is not None]
        for node in [*self._inflight, *named]:
            self._take(node, self._held(node))
        for late in list(self._forgotten.values()):
            state = ContactState(place=IdentityStatus(erased=late.erasure, swept=self._target.base - 1))
            self._keep_trace(late.trace, state, _EVERYWHERE)

    def _link(self) -> None:
        links, self._edges = self._edges, []
        folding = identity.IdentityFold(self._read_nodes, self._target.crowd)
        folding.take(identity.LinkRecord(link, 0, 0) for link in links)
        changes = {name.encode(): node for name, node in folding.changes.items()}
        encoded = {key: None if node is None else identity.encode(node) for key, node in changes.items()}
        self._nodes.commit(changes, encoded, _HERE)

    def _read_nodes(self, names: Iterable[str]) -> dict[str, identity.Node | None]:
        found = self._nodes.get_many([name.encode() for name in names])
        return {key.decode(): node for key, node in found.items()}

    def _canonical_ids(self) -> Iterator[tuple[str, str]]:
        """Each node in another one's cluster, with the canonical id."""
        for name, value in self._nodes.store.items():
            if (canonical_id := identity.decode(value).roof) not in (None, name.decode()):
                yield name.decode(), canonical_id

    def _announce_classes(self) -> bool:
        """Tell the classes of linked fragments of which no edge tells them yet; returns whether any was told."""
        for node in (name for pair in self._canonical_ids() for name in pair):
            state = self._fragments.get(node.encode())
            if state is not None and state.exclusive and not place_of(state).linked:
                after = replace(state, place=replace(place_of(state), linked=True))
                self._keep(node, after)
                self._edges += news(node, state, after)
        return bool(self._edges)

    def _assign_canonical_ids(self) -> None:
        for node, canonical_id in self._canonical_ids():
            state = under_canonical_id(self._held(node), canonical_id, self._target.base)
            self._keep(node, state)
            if is_worth_sending(state):
                self._keep(canonical_id, with_fragment(self._held(canonical_id), node))

    def _announced(self, contact_id: str, before: ContactState) -> Iterator[Output]:
        parts = self._parts(contact_id, before)
        erasures = (self._receipts[contact_id],) if contact_id in self._receipts else ()
        state, said = after_announcing(contact_id, before, parts, erasures)
        target, place = self._target, self._target.partition(contact_id)
        if state.place is not None and is_nothing(state):
            yield Output(target.contacts, place, trace_key(contact_id), encode(trace(state)))
        else:
            yield Output(target.contacts, place, contact_id.encode(), encode(state))
        for name, part in parts.items():
            yield Output(target.contacts, place, part_key(contact_id, name), encode(part))
        printer = RecordBuilder(place, target.partitions, target.generation)
        yield from (printer.announced(contact_id, each, state) for each in said if not isinstance(each, FragmentChange))

    def _parts(self, canonical_id: str, state: ContactState) -> dict[str, ContactState]:
        """The fragments of a cluster as they are once everything of them is announced."""
        found = self._fragments.get_many([name.encode() for name in place_of(state).parts])
        parts = {key.decode(): part for key, part in found.items() if part is not None}
        return {name: after_announcing(name, part, {})[0] for name, part in parts.items()}

    def _generations(self) -> Iterator[Output]:
        target, value = self._target, b"%d" % self._target.generation
        yield Output(target.links, 0, GENERATION_KEY, value)
        yield from (Output(target.contacts, number, GENERATION_KEY, value) for number in range(target.partitions))

    def _traces(self, key: bytes, value: bytes) -> Iterator[Output]:
        """A trace in its partition; in every partition where that is not known, since its identifier is not."""
        number, state = int.from_bytes(value[:2]), value[2:]
        is_known = number != _EVERYWHERE and self._target.partitions == self._target.partitions_before
        for partition in [number] if is_known else range(self._target.partitions):
            yield Output(self._target.contacts, partition, key, state)

    def _held(self, node: str) -> ContactState:
        """What is kept of a fragment by now, be it only a trace."""
        held = self._fragments.get(node.encode())
        if held is not None:
            return held
        key = trace_key(node)
        kept = self._fragments.store.get(key)
        if kept is None:
            return ContactState(place=IdentityStatus())
        self._fragments.store.write({key: None}, _HERE)
        return decode(kept[2:])

    def _keep(self, node: str, state: ContactState) -> None:
        key = node.encode()
        self._fragments.commit({key: state}, {key: encode(state)}, _HERE)

    def _keep_trace(self, key: bytes, state: ContactState, partition: int) -> None:
        kept = self._fragments.store.get(key)
        if kept is not None and int.from_bytes(kept[:2]) != partition:
            partition = _EVERYWHERE
        merged = merged_traces(None if kept is None else decode(kept[2:]), state)
        if (late := self._forgotten.get(key)) is not None and late.contact_id is None:
            del self._forgotten[key]
            merged = merged_traces(
                merged, ContactState(place=IdentityStatus(erased=late.erasure, swept=self._target.base - 1))
            )
        self._fragments.store.write({key: partition.to_bytes(2) + encode(merged)}, _HERE)
