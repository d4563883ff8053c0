"""From records of `contact-roofs`: fragments go under another roof, stand alone again, or forget their person."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from events.links import Roof, read_roof
from events.refusal import Reason, Refusal
from streams.domain.contact import ContactState
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_assignment import counting, moved, part_key
from streams.domain.contact.identity.identity_status import Erasure
from streams.domain.contact.publication.change_events import FragmentStep
from streams.engine.runs import KafkaRecord, Records
from streams.worker.agents.contacts.handler import Chunk

_NO_VERSION = Refusal(Reason.INVALID_DATA, "headers: `version` must be a number")

Told = tuple[int, Roof | None]
"""The version of a record, and the roof in it."""


class Moving(Chunk):
    """One chunk of `contact-roofs`."""

    def take(self, records: Records) -> None:
        """Take each fragment's records in their order, and say what has changed in the end."""
        by_node: dict[bytes, list[Told]] = defaultdict(list)
        for record in records:
            read = read_roof(record.key, record.value)
            if isinstance(read, Refusal):
                self.refuse(record, read)
            elif (version := version_of(record)) is None:
                self.refuse(record, _NO_VERSION)
            else:
                by_node[read[0].encode()].append((version, read[1]))
        held = self.holding.get_many(by_node)
        for key, told in by_node.items():
            self._move(key.decode(), held[key], told)
        self.close()

    def _move(self, node: str, before: ContactState, told: Sequence[Told]) -> None:
        after = before
        for version, roof in told:
            after = moved(after, node, version, roof)
        was = place_of(before)
        counted = counting(self.holding.parts(node, was), was)
        parts, after = self._swept(node, after)
        now = place_of(after)
        forgotten = _erasure_in(told) if now.marks and (now.erased != was.erased or not was.marks) else None
        step = FragmentStep(
            node,
            before,
            after,
            parts=counting(parts, now),
            parts_changed=counting(parts, now).keys() != counted.keys(),
            erasures=() if forgotten is None else (forgotten,),
        )
        self.finish(step, ())
        if asking := [version for version, roof in told if roof is not None and roof.asks]:
            self.ask(node, max(asking), after)

    def _swept(self, node: str, state: ContactState) -> tuple[dict[str, ContactState], ContactState]:
        """The parts under this roof, without those of a person who has been forgotten."""
        place = place_of(state)
        parts = self.holding.parts(node, place)
        if place.erased is None or place.asked is not None:
            return parts, state
        kept = counting(parts, place)
        for name in parts.keys() - kept.keys():
            self.holding.put_part(part_key(node, name), None)
        if len(kept) == len(place.parts):
            return kept, state
        return kept, replace(state, place=replace(place, parts=tuple(sorted(kept))))


def _erasure_in(told: Sequence[Told]) -> Erasure | None:
    """The last one that was told: of two of one moment a state keeps the first, and each has a receipt of its own."""
    erased = [roof.erased for _, roof in told if roof is not None and roof.erased is not None]
    return Erasure(erased[-1].time, erased[-1].source, erased[-1].id) if erased else None


def version_of(record: KafkaRecord) -> int | None:
    """The number in the header `version`."""
    return version_in(record.headers)


def version_in(headers: Iterable[tuple[str, bytes | None]]) -> int | None:
    """The number in the header `version`, if it is there."""
    value = dict(headers).get("version")
    return int(value) if value is not None and value.isdigit() else None
