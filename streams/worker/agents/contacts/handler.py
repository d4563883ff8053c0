"""The base of all handlers that fold a chunk into the table of contacts: states in, states and output records out."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterable

from msgspec.structs import replace

from events.refusal import Reason, Refusal
from events.topics import Agent
from streams.domain.contact import ContactState, FoldOutcome
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.identity.identity_assignment import counting
from streams.domain.contact.identity.identity_edges import answers, is_silent, news
from streams.domain.contact.person_view import Overview
from streams.domain.contact.publication.alert_triggers import Trigger
from streams.domain.contact.publication.change_events import FragmentStep, announce
from streams.domain.contact.state import Fact
from streams.domain.pressure import Policy
from streams.engine.decoded_states import States
from streams.engine.runs import KafkaRecord, Records
from streams.engine.table_partition import Effects
from streams.engine.writer import Headers
from streams.worker.agents.contacts.alert_records import alerts
from streams.worker.agents.contacts.class_queries import InputProgress, class_queries_of
from streams.worker.agents.contacts.experiment_deltas import ExperimentDeltas
from streams.worker.agents.contacts.output_records import RecordBuilder, link_record
from streams.worker.agents.contacts.repository import ContactRepository
from streams.worker.agents.experiments.registry import registry_of
from streams.worker.agents.intake.dead_letters import dead_letter
from streams.worker.agents.latency_header import received_at, received_header
from streams.worker.agents.segments.membership_changes import MembershipChanges
from streams.worker.measuring.campaign_counters import CampaignCounters

STAGE: Agent = "contacts"


class ChunkHandler(ABC):
    """Folds one chunk, and holds what came of it: effects, outcomes of interactions, refusals and alerts, counted.

    `reports`: how many complaints and unsubscriptions there were, by type and by whether they named a campaign.
    `progress`: how far `interactions` are folded; to be set before the chunk is folded, where it matters.
    `unread`: offsets of records that say nothing and are no dead letters, and why.

    Parameters:
        states: those before the chunk, by contact_id, and the copies that canonical ids keep of their fragments.
        builder: makes the records of this partition.
        at_ms: the time to put on dead letters.
        policy: by which alerts are judged.
    """

    def __init__(self, states: States[ContactState], builder: RecordBuilder, at_ms: int, policy: Policy) -> None:
        self.states = states
        self.repository = ContactRepository(states)
        self.progress = InputProgress()
        self.class_queries = class_queries_of(states)
        self.registry = registry_of(states)
        self.experiments = ExperimentDeltas(self.registry, at_ms)
        self.segments = MembershipChanges(states, builder, policy)
        self.builder = builder
        self._at_ms = at_ms
        self._policy = policy
        self.effects: Effects[ContactState] = Effects(self.repository.changes)
        self.outcomes: Counter[FoldOutcome] = Counter()
        self.refusals: Counter[Reason] = Counter()
        self.alerts: Counter[str] = Counter()
        self.reports: Counter[tuple[str, bool]] = Counter()
        self.tally = CampaignCounters()
        self.unread: list[tuple[int, Refusal]] = []

    @abstractmethod
    def take(self, records: Records) -> None:
        """Fold records of the topic, in their order."""

    def finish(self, step: FragmentStep, records: Records, erasing: Iterable[Fact] = ()) -> ContactState:
        """Write what follows from a step, and keep and return the state. `records`: those that made the difference."""
        contact_id, outputs = step.contact_id, self.effects.outputs
        self.tell(contact_id, step.before, step.after, erasing)
        state, said = announce(step)
        state = self._counted(step, state)
        stamps = received_headers(records)
        outputs += [self.builder.announced(contact_id, each, state, stamps) for each in said]
        if place_of(state).erased != place_of(step.before).erased:
            self.effects.forgets = True
        if state != step.before:
            self.repository.put(contact_id.encode(), state)
        was = place_of(step.before)
        self.segments.stepped(step, state, lambda: counting(self.repository.parts_before(contact_id, was), was))
        return state

    def close(self) -> None:
        """Write what the chunk changes in experiments and segments, and answer class queries, once it is folded."""
        for node in self.class_queries.due(self.progress.folded):
            self.answer(node, self.repository.now(node))
        self.segments.reach(self.progress.folded)
        of_segments = self.segments.close()
        self.effects.outputs += self.experiments.outputs()
        self.effects.outputs += self.segments.outputs
        self.effects.beside = {**self.experiments.beside, **self.class_queries.beside, **of_segments}

    def _counted(self, step: FragmentStep, state: ContactState) -> ContactState:
        """The state after a step, with its person's contribution to experiments brought up to date."""
        fragments = {step.contact_id: state, **step.parts}
        given = self.experiments.of_all(step.contact_id, place_of(state), fragments, step.before)
        return state if given == state.given else replace(state, given=given)

    def tell(self, contact_id: str, before: ContactState, after: ContactState, erasing: Iterable[Fact] = ()) -> None:
        """Tell the links agent of new links, and answer its query: whoever is erased next may have told it before."""
        if after.exclusive and contact_id in self.class_queries:
            self.answer(contact_id, after)
        if not (is_silent(before) and is_silent(after)):
            self.effects.outputs += map(link_record, news(contact_id, before, after, erasing))

    def ask(self, node: str, version: int, state: ContactState) -> None:
        """Answer a class query, now or once more is folded. `version`: of the record that asked."""
        if state.exclusive or self.progress.is_all:
            self.answer(node, state)
        else:
            self.class_queries.ask(node, version, self.progress.end)

    def answer(self, node: str, state: ContactState) -> None:
        """Tell the links agent of which class a fragment is, or that it is of none."""
        self.effects.outputs += map(link_record, answers(node, state))
        self.class_queries.answered(node)

    def judge(
        self, contact_id: str, known: Overview, found: Collection[Trigger], before: Iterable[ContactState]
    ) -> None:
        """Send alerts about a person. `found`: what was just taken; `before`: the person's fragments before that."""
        for alert in alerts(self._policy, contact_id, known, found, before):
            self.alerts[alert["rule"]] += 1
            self.effects.outputs.append(self.builder.alerted(alert))

    def refuse(self, record: KafkaRecord, refusal: Refusal) -> None:
        """Make a dead letter of a record."""
        self.refusals[refusal.reason] += 1
        self.effects.outputs.append(dead_letter(record, refusal, STAGE, self._at_ms))


def received_headers(records: Records) -> Headers:
    """The latency header for what follows from these records: when the newest of them was received."""
    if len(records) == 1:  # so it is with most
        at = received_at(records[0].headers)
        return [] if at is None else [received_header(at)]
    received = [at for record in records if (at := received_at(record.headers)) is not None]
    return [received_header(max(received))] if received else []
