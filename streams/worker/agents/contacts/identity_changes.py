"""From records of `contact-roofs`: fragments go under another roof, stand alone again, or forget their person."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from events.identity_links import CanonicalId, read_canonical_id
from events.refusal import Reason, Refusal
from streams.domain.contact import ContactState
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_assignment import counting, moved, part_key
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.domain.contact.publication.change_events import FragmentStep
from streams.engine.runs import KafkaRecord, Records
from streams.worker.agents.contacts.handler import ChunkHandler

_NO_VERSION = Refusal(Reason.INVALID_DATA, "headers: `version` must be a number")

IdentityChange = tuple[int, CanonicalId | None]
"""The version of a record, and the roof in it."""


class IdentityChangesHandler(ChunkHandler):
    """One chunk of `contact-roofs`."""

    def take(self, records: Records) -> None:
        """Take each fragment's records in their order, and say what has changed in the end."""
        by_node: dict[bytes, list[IdentityChange]] = defaultdict(list)
        for record in records:
            read = read_canonical_id(record.key, record.value)
            if isinstance(read, Refusal):
                self.refuse(record, read)
            elif (version := version_of(record)) is None:
                self.refuse(record, _NO_VERSION)
            else:
                by_node[read[0].encode()].append((version, read[1]))
        held = self.repository.get_many(by_node)
        for key, told in by_node.items():
            self._move(key.decode(), held[key], told)
        self.close()

    def _move(self, node: str, before: ContactState, told: Sequence[IdentityChange]) -> None:
        after = before
        for version, roof in told:
            after = moved(after, node, version, roof)
        was = place_of(before)
        counted = counting(self.repository.parts(node, was), was)
        parts, after = self._swept(node, after)
        now = place_of(after)
        step = FragmentStep(
            node,
            before,
            after,
            parts=counting(parts, now),
            parts_changed=counting(parts, now).keys() != counted.keys(),
            erasures=tuple(_without_receipt(node, was, told)),
        )
        self.finish(step, ())
        if asking := [version for version, roof in told if roof is not None and roof.asks]:
            self.ask(node, max(asking), after)

    def _swept(self, node: str, state: ContactState) -> tuple[dict[str, ContactState], ContactState]:
        """The parts under this roof, without those of a person who has been forgotten."""
        place = place_of(state)
        parts = self.repository.parts(node, place)
        if place.erased is None or place.asked is not None:
            return parts, state
        kept = counting(parts, place)
        for name in parts.keys() - kept.keys():
            self.repository.put_part(part_key(node, name), None)
        if len(kept) == len(place.parts):
            return kept, state
        return kept, replace(state, place=replace(place, parts=tuple(sorted(kept))))


def _without_receipt(node: str, was: IdentityStatus, told: Sequence[IdentityChange]) -> list[Erasure]:
    """The erasures told of a person whose canonical id this node is, for which there is no receipt yet.

    There is one for its own command if it stood alone when that was folded. An older erasure changes nothing here; of
    two of one moment a state keeps the first, and each has its receipt.
    """
    found: dict[Erasure, None] = {}
    known = was.erased if was.marks else None
    for version, roof in told:
        if roof is None or roof.erased is None or roof.roof != node or version < was.told:
            continue
        erasure = Erasure(roof.erased.time, roof.erased.source, roof.erased.id)
        is_another = known is not None and erasure.time == known.time and erasure != known and version > was.told
        if known is None or erasure.time > known.time or is_another:
            found[erasure] = None
    return list(found)


def version_of(record: KafkaRecord) -> int | None:
    """The number in the header `version`."""
    return version_in(record.headers)


def version_in(headers: Iterable[tuple[str, bytes | None]]) -> int | None:
    """The number in the header `version`, if it is there."""
    value = dict(headers).get("version")
    return int(value) if value is not None and value.isdigit() else None
