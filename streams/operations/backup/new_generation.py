"""From what fragments know by themselves to all tables and topics of a new generation, of any number of partitions.

Nothing is published before it is known who is one person: or a part of somebody would be shown for a while, without
the noes that were said under another identifier.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from events.links import Command, Link, Roof
from sinks.keys import partition_of
from streams.domain import identity
from streams.domain.contact import ContactState, decode, encode
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_assignment import is_nothing, is_worth_sending, part_key, trace, trace_key
from streams.domain.contact.identity.identity_edges import news, told
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.domain.contact.publication.change_events import FragmentChange
from streams.engine.decoded_states import GENERATION_KEY, NO_STATES, Codec, Recent, States
from streams.engine.store import OpenStore, Position
from streams.engine.writer import Output
from streams.operations.backup.fragment_knowledge import announced, both_traces, over, own, swept, under
from streams.worker.agents.contacts.output_records import GENERATION_BITS, Printer

LINKS_AT_ONCE = 1_000
RECENT_BYTES = 16 << 20
_TRACE = b"/"
_HERE = Position("", 0, 0)
_EVERYWHERE = 0xFFFF
"""In the place of a partition: a trace whose identifier is not known, and so neither its partition."""

Inflight = Mapping[str, Sequence[tuple[int, Roof]]]
"""By node the erasures that its fragment had not heard of yet, each with the version of its record."""


class Target(Struct, frozen=True):
    """What is made: of how many partitions, which generation, under which names.

    `partitions_before`: of the changelog that it is made of. `crowd`: the most contacts that may share an identifier.
    """

    contacts: str
    links: str
    partitions: int
    partitions_before: int
    generation: int
    crowd: int

    @property
    def base(self) -> int:
        """The smallest version of the generation."""
        return self.generation << GENERATION_BITS

    def partition(self, name: str) -> int:
        """That of an identifier."""
        return partition_of(name, self.partitions)


class Forgotten(Struct, frozen=True):
    """Who was erased after the backup. `contact_id`: only of the fragment that named the person."""

    trace: bytes
    erasure: Erasure
    contact_id: str | None = None


class Remaking:
    """Takes every record of a changelog of contacts, then gives what is to be written.

    Parameters:
        open_store: of two stores that may become as large as all contacts.
        inflight: erasures that were told before the backup and may not have been heard.
        forgotten: those that came after it.
    """

    def __init__(
        self, open_store: OpenStore, target: Target, inflight: Inflight, forgotten: Iterable[Forgotten] = ()
    ) -> None:
        self._target = target
        self._inflight = dict(inflight)
        self._forgotten = {each.trace: each for each in forgotten}
        self._fragments = States(open_store("fragments", 0), Codec(encode, decode), Recent(RECENT_BYTES))
        self._nodes = States(
            open_store("nodes", 0), Codec(identity.encode, identity.decode), Recent[identity.Node](RECENT_BYTES)
        )
        self._told: list[Link] = []
        self._receipts: dict[str, Erasure] = {}
        self.contacts = 0

    def take(self, partition: int, key: bytes, value: bytes) -> None:
        """One record. Raises `Unreadable` when it is of a format that this version does not know."""
        if key.startswith(NO_STATES):
            return
        if key.startswith(_TRACE):
            self._keep_trace(key, decode(value), partition)
        elif _TRACE not in key:
            self.contacts += 1
            self._take(key.decode(), decode(value))

    def outputs(self) -> Iterator[Output]:
        """Everything, once all was taken: changelogs, profiles, links and closed channels, each key once."""
        self._hear_the_rest()
        self._link()
        while self._tell_classes():
            self._link()
        self._put_under_roofs()
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
        self._keep(node, own(state) if after is None else after)
        self._told += told(node, after or own(state)).values()
        if len(self._told) >= LINKS_AT_ONCE:
            self._link()

    def _swept(self, node: str, state: ContactState) -> ContactState | None:
        """The state after erasures that it had not heard of; None: there are none."""
        late = self._forgotten.pop(trace_key(node), None)
        after = state
        for version, roof in self._inflight.pop(node, ()):
            after = self._sweep(node, after, version, roof)
        known = place_of(after).erased
        if late is not None and (known is None or known.time < late.erasure.time):
            by = Command(late.erasure.time, late.erasure.source, late.erasure.id)
            after = self._sweep(node, after, self._target.base - 1, Roof(late.contact_id or "", 0, by))
        return None if after is state else after

    def _sweep(self, node: str, before: ContactState, version: int, roof: Roof) -> ContactState:
        after = swept(before, node, version, roof)
        was, now = place_of(before), place_of(after)
        if now.marks and now.erased is not None and (now.erased != was.erased or not was.marks):
            self._receipts[node] = now.erased
        return after

    def _hear_the_rest(self) -> None:
        """Erasures of fragments of which the changelog holds no state."""
        named = [each.contact_id for each in self._forgotten.values() if each.contact_id is not None]
        for node in [*self._inflight, *named]:
            self._take(node, self._held(node))
        for late in list(self._forgotten.values()):
            state = ContactState(place=IdentityStatus(erased=late.erasure, swept=self._target.base - 1))
            self._keep_trace(late.trace, state, _EVERYWHERE)

    def _link(self) -> None:
        links, self._told = self._told, []
        folding = identity.IdentityFold(self._read_nodes, self._target.crowd)
        folding.take(identity.LinkRecord(link, 0, 0) for link in links)
        changes = {name.encode(): node for name, node in folding.changes.items()}
        encoded = {key: None if node is None else identity.encode(node) for key, node in changes.items()}
        self._nodes.commit(changes, encoded, _HERE)

    def _read_nodes(self, names: Iterable[str]) -> dict[str, identity.Node | None]:
        found = self._nodes.get_many([name.encode() for name in names])
        return {key.decode(): node for key, node in found.items()}

    def _roofs(self) -> Iterator[tuple[str, str]]:
        """Each node that is under another one, and that one."""
        for name, value in self._nodes.store.items():
            if (roof := identity.decode(value).roof) not in (None, name.decode()):
                yield name.decode(), roof

    def _tell_classes(self) -> bool:
        """Have those told that are linked by now and of whom no edge says of which class they are; whether any was."""
        for node in (name for pair in self._roofs() for name in pair):
            state = self._fragments.get(node.encode())
            if state is not None and state.exclusive and not place_of(state).linked:
                after = replace(state, place=replace(place_of(state), linked=True))
                self._keep(node, after)
                self._told += news(node, state, after)
        return bool(self._told)

    def _put_under_roofs(self) -> None:
        for node, roof in self._roofs():
            state = under(self._held(node), roof, self._target.base)
            self._keep(node, state)
            if is_worth_sending(state):
                self._keep(roof, over(self._held(roof), node))

    def _announced(self, contact_id: str, before: ContactState) -> Iterator[Output]:
        parts = self._parts(contact_id, before)
        erasures = (self._receipts[contact_id],) if contact_id in self._receipts else ()
        state, said = announced(contact_id, before, parts, erasures)
        target, place = self._target, self._target.partition(contact_id)
        if state.place is not None and is_nothing(state):
            yield Output(target.contacts, place, trace_key(contact_id), encode(trace(state)))
        else:
            yield Output(target.contacts, place, contact_id.encode(), encode(state))
        for name, part in parts.items():
            yield Output(target.contacts, place, part_key(contact_id, name), encode(part))
        printer = Printer(place, target.partitions, target.generation)
        yield from (printer.announced(contact_id, each, state) for each in said if not isinstance(each, FragmentChange))

    def _parts(self, roof: str, state: ContactState) -> dict[str, ContactState]:
        """As they are once all is announced of them."""
        found = self._fragments.get_many([name.encode() for name in place_of(state).parts])
        parts = {key.decode(): part for key, part in found.items() if part is not None}
        return {name: announced(name, part, {})[0] for name, part in parts.items()}

    def _generations(self) -> Iterator[Output]:
        target, value = self._target, b"%d" % self._target.generation
        yield Output(target.links, 0, GENERATION_KEY, value)
        yield from (Output(target.contacts, number, GENERATION_KEY, value) for number in range(target.partitions))

    def _traces(self, key: bytes, value: bytes) -> Iterator[Output]:
        """In its partition; where that is not known any more, since its identifier is not, in all of them."""
        number, state = int.from_bytes(value[:2]), value[2:]
        is_known = number != _EVERYWHERE and self._target.partitions == self._target.partitions_before
        for partition in [number] if is_known else range(self._target.partitions):
            yield Output(self._target.contacts, partition, key, state)

    def _held(self, node: str) -> ContactState:
        """What is kept of a fragment by now, if it is no more than a trace."""
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
        merged = both_traces(None if kept is None else decode(kept[2:]), state)
        if (late := self._forgotten.get(key)) is not None and late.contact_id is None:
            del self._forgotten[key]
            merged = both_traces(
                merged, ContactState(place=IdentityStatus(erased=late.erasure, swept=self._target.base - 1))
            )
        self._fragments.store.write({key: partition.to_bytes(2) + encode(merged)}, _HERE)
