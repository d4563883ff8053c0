"""Handles records of `interactions`: new states and profiles, without side effects, so a chunk can be folded again."""

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from msgspec.structs import replace

from events.fields import CONTACT_ID_PATTERN
from events.refusal import Reason, Refusal
from streams.domain.campaigns import COUNTED, REPORTS, CampaignCounter, CampaignMention, mention_in
from streams.domain.contact import ContactState, FoldOutcome, fold
from streams.domain.contact.derived_view import attach, expect_more
from streams.domain.contact.facts.command_details import Erase
from streams.domain.contact.facts.from_records import read_said
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_assignment import counting, is_by_itself, may_be_anew
from streams.domain.contact.identity.identity_status import Erasure, IdentityStatus
from streams.domain.contact.identity.inactivity import judged
from streams.domain.contact.incremental_fold import Declined, Step, fold_incrementally
from streams.domain.contact.merging import person
from streams.domain.contact.person_view import overview
from streams.domain.contact.publication.alert_triggers import triggers, unheard
from streams.domain.contact.publication.change_events import FragmentStep, changes_record
from streams.domain.contact.publication.suppressed_channels import may_close
from streams.domain.contact.state import ErasureIfInactive, Fact
from streams.domain.pressure import Policy
from streams.domain.segments.person import Person
from streams.engine.decoded_states import States
from streams.engine.runs import KafkaRecord, Records
from streams.engine.writer import Headers
from streams.worker.agents.contacts.handler import ChunkHandler, received_headers
from streams.worker.agents.contacts.output_records import RecordBuilder, campaign_counts_record

_FULL = Refusal(Reason.CONTACT_FULL, "contact: its state has outgrown 1 MiB; only retractions and refusals are taken")
_NO_KEY = Refusal(Reason.INVALID_DATA, "key: records of `interactions` are keyed by contact")
_is_contact = re.compile(CONTACT_ID_PATTERN.encode()).fullmatch

MOST_AT_ONCE = 8
"""Records of one contact in a chunk that are folded the fast way: it costs something for each, the full way for all."""

Arrived = tuple[KafkaRecord, Fact, CampaignMention | None]
"""A record, the fact in it, and what campaign it mentions if it is counted by campaign."""


class InteractionsHandler(ChunkHandler):
    """Folds one chunk of `interactions`."""

    def __init__(self, states: States[ContactState], builder: RecordBuilder, at_ms: int, policy: Policy) -> None:
        super().__init__(states, builder, at_ms, policy)
        self._campaigns = CampaignCounter()

    def take(self, records: Records) -> None:
        """Fold each contact's records in their order; one new state and one profile for each contact that changed."""
        by_contact: dict[bytes, list[Arrived]] = defaultdict(list)
        for record in records:
            key = record.key
            if key is None or not _is_contact(key):
                self.refuse(record, _NO_KEY)
            elif isinstance(read := read_said(record.value, record.timestamp), Refusal):
                self.refuse(record, read)
            else:
                fact, data = read
                by_contact[key].append((record, fact, mention_in(data) if fact.type in COUNTED else None))
        held = self.repository.get_many(by_contact)
        for key, arrived in by_contact.items():
            state = held[key]
            for part in _cut(arrived):
                state = self._fold(key, state, part)
        if records:
            self.progress = self.progress._replace(folded=records[-1].offset + 1)
        self.effects.outputs += [
            campaign_counts_record(campaign, counts) for campaign, counts in self._campaigns.found().items()
        ]
        self.close()

    def _fold(self, key: bytes, before: ContactState, arrived: Sequence[Arrived]) -> ContactState:
        if len(arrived) > MOST_AT_ONCE:
            return self._fold_whole(key, before, arrived)
        step = fold_incrementally(key.decode(), before, [fact for _, fact, _ in arrived])
        if isinstance(step, Declined):
            return self._fold_whole(key, before, arrived)
        applied = arrived
        if FoldOutcome.DUPLICATE in step.outcomes:
            pairs = zip(arrived, step.outcomes, strict=True)
            applied = [each for each, outcome in pairs if outcome is FoldOutcome.APPLIED]
            self.outcomes[FoldOutcome.DUPLICATE] += len(arrived) - len(applied)
        self.outcomes[FoldOutcome.APPLIED] += len(applied)
        return self._advance(key, before, step, applied) if applied else before

    def _advance(self, key: bytes, before: ContactState, step: Step, applied: Sequence[Arrived]) -> ContactState:
        """The fast way: what `_fold_whole` writes, without looking at what is known of the contact."""
        contact_id, after, view = key.decode(), step.after, step.view
        facts = [fact for _, fact, _ in applied]
        for _, fact, mention in applied:
            if mention is not None:
                self._count(fact, mention)
        self.tally.take_step(key, step, facts)
        if after.carried is not before.carried or after.exclusive != before.exclusive:
            self.tell(contact_id, before, after)
        elif after.exclusive and contact_id in self.class_queries:
            self.answer(contact_id, after)
        if view.assigned or before.given.names:
            given = self.experiments.of_one(contact_id, view.overview(after), before, facts)
            if given is not before.given:
                after = replace(after, given=given)
                attach(after, view)
        if self.segments.registry.is_asked:
            self.segments.heard(Person(contact_id, view.overview(after), view.whereabouts), before, after, facts)
        self.repository.put(key, after)
        stamps = received_headers([record for record, _, _ in applied])
        self.effects.outputs.append(self.builder.stepped(key, view, after.version, stamps))
        if step.triggers and len(view.touches) > 1:
            self.judge(contact_id, view.contacts_made(after), step.triggers, ())
        return after

    def _fold_whole(self, key: bytes, before: ContactState, arrived: Sequence[Arrived]) -> ContactState:
        arrived = self._judged(key.decode(), before, arrived)
        begun = self._may_be_anew(key.decode(), before.place)
        after, outcomes = fold(before, [fact for _, fact, _ in arrived], begun=begun)
        applied: list[Arrived] = []
        earlier: list[Arrived] = []
        dropped: list[KafkaRecord] = []
        for each, outcome in zip(arrived, outcomes, strict=True):
            self.outcomes[outcome] += 1
            if outcome is FoldOutcome.FULL:
                self.refuse(each[0], _FULL)
            elif outcome is FoldOutcome.APPLIED:
                applied.append(each)
                if each[2] is not None:
                    self._count(each[1], each[2])
            elif outcome is FoldOutcome.EARLIER:
                earlier.append(each)
            elif outcome is FoldOutcome.FORGOTTEN:
                dropped.append(each[0])
        if not applied and not earlier and not dropped:
            return before
        facts = [fact for _, fact, _ in applied]
        self.tally.take(key, before, after, facts)
        if not earlier and is_by_itself(before) and is_by_itself(after) and not any(map(may_close, facts)):
            stamps = received_headers([record for record, _, _ in applied])
            return self._show(key.decode(), before, replace(after, version=before.version + 1), facts, stamps)
        return self._step(key.decode(), before, after, [*applied, *earlier], dropped)

    def _judged(self, contact_id: str, before: ContactState, arrived: Sequence[Arrived]) -> Sequence[Arrived]:
        """With the command in front, if there is one for who has done nothing, as it is by the whole person."""
        record, first, mention = arrived[0]
        if not isinstance(first, ErasureIfInactive):
            return arrived
        parts = counting(self.repository.parts(contact_id, before.place), place_of(before))
        return [(record, judged(first, contact_id, before, parts), mention), *arrived[1:]]

    def _count(self, fact: Fact, mention: CampaignMention) -> None:
        """Count an interaction for its campaign, once it is applied: a copy is not counted again."""
        campaign, mailbox = mention
        if campaign is not None:
            self._campaigns.take(campaign, mailbox, fact)
        if fact.type in REPORTS:
            self.reports[fact.type, campaign is not None] += 1

    def _may_be_anew(self, contact_id: str, place: IdentityStatus | None) -> bool:
        if place is None or place.erased is None:
            return False
        return may_be_anew(place, counting(self.repository.parts(contact_id, place), place).values())

    def _show(
        self, contact_id: str, before: ContactState, after: ContactState, applied: Sequence[Fact], stamps: Headers
    ) -> ContactState:
        """Fast path for contacts without links, commands or refusals; must equal what `announce` writes."""
        self.tell(contact_id, before, after)
        known = overview(after)
        given = self.experiments.of_one(contact_id, known, before, applied)
        if given is not before.given:
            after = replace(after, given=given)
        if self.segments.registry.is_asked:
            self.segments.heard(Person(contact_id, known), before, after, applied)
        self.repository.put(contact_id.encode(), after)
        self.effects.outputs.append(self.builder.profiled(contact_id, known, stamps))
        # Nothing is closed here, and one touch alone exceeds nothing.
        if len(known.touches) > 1 and (found := triggers(applied)):
            self.judge(contact_id, known, found, [before])
        expect_more(after, known)
        return after

    def _step(
        self,
        contact_id: str,
        before: ContactState,
        after: ContactState,
        taken: Sequence[Arrived],
        dropped: Sequence[KafkaRecord],
    ) -> ContactState:
        """What a chunk changes. `dropped`: of what they said only the key was kept."""
        erasing = [fact for _, fact, _ in taken if isinstance(fact.detail, Erase)]
        parts = counting(self.repository.parts(contact_id, after.place), place_of(after))
        found = unheard(triggers(fact for _, fact, _ in taken), [before, *parts.values()])
        step = FragmentStep(
            contact_id,
            before,
            after,
            parts=parts,
            heard=changes_record(before, after, (fact for _, fact, _ in taken)),
            erasures=tuple(Erasure(fact.time, fact.source, fact.id) for fact in erasing),
            triggers=found,
        )
        state = self.finish(step, [*(record for record, _, _ in taken), *dropped], erasing)
        if found and place_of(after).roof is None:
            self.judge(contact_id, overview(person({contact_id: after, **parts})), found, [])
        return state


def _erases(fact: Fact) -> bool:
    return fact.detail.__class__ is Erase or isinstance(fact, ErasureIfInactive)


def _cut(arrived: Sequence[Arrived]) -> list[Sequence[Arrived]]:
    """Cut before each erasure: the links agent has to hear before it of whomever it is to reach."""
    if len(arrived) == 1:  # so it is with most
        return [arrived]
    cuts = [at for at, (_, fact, _) in enumerate(arrived) if at and _erases(fact)]
    if not cuts:
        return [arrived]
    return [arrived[start:end] for start, end in pairwise([0, *cuts, len(arrived)])]
