"""Handles records of `contact-fragments`: a canonical id keeps copies of its fragments, and shows the whole person."""

import re
from collections import defaultdict

from msgspec.structs import replace

from events.refusal import Reason, Refusal
from streams.domain.contact import ContactState, decode
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_assignment import counting
from streams.domain.contact.merging import person
from streams.domain.contact.person_view import overview
from streams.domain.contact.publication.change_events import FragmentStep
from streams.domain.formats import OtherFormat, Unreadable
from streams.engine.runs import KafkaRecord, Records
from streams.worker.agents.contacts.alert_records import triggers_in
from streams.worker.agents.contacts.handler import ChunkHandler
from streams.worker.agents.contacts.identity_changes import version_of

_NO_PART = Refusal(Reason.INVALID_DATA, "a record of `contact-fragments` is a state under `<roof>/<fragment>`")
_parts_of = re.compile(rb"([A-Za-z0-9_.:-]{1,64})/([A-Za-z0-9_.:-]{1,64})").fullmatch


class FragmentsHandler(ChunkHandler):
    """Folds one chunk of `contact-fragments`."""

    def take(self, records: Records) -> None:
        """Keep the fragments that have come, and write the profile of each canonical id once."""
        by_roof: dict[bytes, list[KafkaRecord]] = defaultdict(list)
        for record in records:
            if record.key is None or (found := _parts_of(record.key)) is None:
                self.refuse(record, _NO_PART)
            else:
                by_roof[found[1]].append(record)
        held = self.repository.get_many(by_roof)
        for key, arrived in by_roof.items():
            self._gather(key.decode(), held[key], arrived)
        self.close()

    def _gather(self, roof: str, before: ContactState, arrived: Records) -> None:
        place = place_of(before)
        names = set(place.parts)
        changed = [record for record in arrived if self._take(record)]
        for record in changed:
            name = (record.key or b"").partition(b"/")[2].decode()
            if record.value is None:
                names.discard(name)
            else:
                names.add(name)
        if not changed:
            return
        after = replace(before, place=replace(place, parts=tuple(sorted(names)), linked=place.linked or bool(names)))
        parts = self.repository.parts(roof, after.place)
        counted = counting(parts, place)
        self.finish(FragmentStep(roof, before, after, parts=counted, parts_changed=True), changed)
        if found := tuple(each for record in changed for each in triggers_in(record.headers)):
            former = self.repository.former_parts(roof, place)
            self.judge(roof, overview(person({roof: after, **counted})), found, [before, *former])

    def _take(self, record: KafkaRecord) -> bool:
        """Keep the fragment in a record. Returns whether that is news; one older than the kept one is not.

        What another version of Harmonia wrote is no dead letter: the worker stops, and that version goes on from there.
        """
        key = record.key or b""
        held = self.repository.part(key)
        if record.value is None:
            if held is None or (version_of(record) or held.version) < held.version:
                return False
            self.repository.put_part(key, None)
            return True
        try:
            part = decode(record.value)
        except OtherFormat:
            raise
        except Unreadable:
            self.refuse(record, _NO_PART)
            return False
        if held is not None and part.version <= held.version:
            return False
        self.repository.put_part(key, part)
        return True
