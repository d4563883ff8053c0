"""What the three ways of folding a chunk of contacts share: states in, states and records for other topics out."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterable

from msgspec.structs import replace

from events.refusal import Reason, Refusal
from events.topics import Agent
from streams.domain.contact import ContactState, FoldOutcome
from streams.domain.contact.identity.erasure import place_of
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
from streams.worker.agents.contacts.class_queries import Heard, questions_of
from streams.worker.agents.contacts.experiment_deltas import Experimenting
from streams.worker.agents.contacts.output_records import Printer, told
from streams.worker.agents.contacts.repository import Holding
from streams.worker.agents.experiments.registry import book_of
from streams.worker.agents.intake.dead_letters import dead_letter
from streams.worker.agents.latency_header import received_at, received_header
from streams.worker.measuring.campaign_counters import Tally

STAGE: Agent = "contacts"


class Chunk(ABC):
    """One chunk: its effects, how many interactions had which outcome, refusals which reason, alerts which rule.

    `reports`: how many complaints and unsubscriptions there were, by type and by whether they named a campaign.
    `heard`: how far `interactions` are folded; given before the chunk is, where that is anything to it.
    `unread`: offsets of records that say nothing and are no dead letters, and why.

    Parameters:
        states: those before the chunk, by contact_id, and what roofs keep of the fragments under them.
        printer: makes the records of this partition.
        at_ms: the time to put on dead letters.
        policy: by which alerts are judged.
    """

    def __init__(self, states: States[ContactState], printer: Printer, at_ms: int, policy: Policy) -> None:
        self.states = states
        self.holding = Holding(states)
        self.heard = Heard()
        self.questions = questions_of(states)
        self.book = book_of(states)
        self.experiments = Experimenting(self.book, at_ms)
        self.printer = printer
        self._at_ms = at_ms
        self._policy = policy
        self.effects: Effects[ContactState] = Effects(self.holding.changes)
        self.outcomes: Counter[FoldOutcome] = Counter()
        self.refusals: Counter[Reason] = Counter()
        self.alerts: Counter[str] = Counter()
        self.reports: Counter[tuple[str, bool]] = Counter()
        self.tally = Tally()
        self.unread: list[tuple[int, Refusal]] = []

    @abstractmethod
    def take(self, records: Records) -> None:
        """Fold records of the topic, in their order."""

    def finish(self, step: FragmentStep, records: Records, erasing: Iterable[Fact] = ()) -> ContactState:
        """Say what follows from a step, and keep and return the state. `records`: those that made the difference."""
        contact_id, outputs = step.contact_id, self.effects.outputs
        self.tell(contact_id, step.before, step.after, erasing)
        state, said = announce(step)
        state = self._counted(step, state)
        stamps = stamps_of(records)
        outputs += [self.printer.announced(contact_id, each, state, stamps) for each in said]
        if place_of(state).erased != place_of(step.before).erased:
            self.effects.forgets = True
        if state != step.before:
            self.holding.put(contact_id.encode(), state)
        return state

    def close(self) -> None:
        """Say what the chunk means to experiments and to open questions, once all of it is folded."""
        for node in self.questions.due(self.heard.folded):
            self.answer(node, self.holding.now(node))
        self.effects.outputs += self.experiments.outputs()
        self.effects.beside = {**self.experiments.beside, **self.questions.beside}

    def _counted(self, step: FragmentStep, state: ContactState) -> ContactState:
        """The state after a step with what its person gives to experiments, before anybody is told of it."""
        fragments = {step.contact_id: state, **step.parts}
        given = self.experiments.of_all(step.contact_id, place_of(state), fragments, step.before)
        return state if given == state.given else replace(state, given=given)

    def tell(self, contact_id: str, before: ContactState, after: ContactState, erasing: Iterable[Fact] = ()) -> None:
        """Tell the links agent what is new, and what it waits for: whoever is erased next may have told it before."""
        if after.exclusive and contact_id in self.questions:
            self.answer(contact_id, after)
        if not (is_silent(before) and is_silent(after)):
            self.effects.outputs += map(told, news(contact_id, before, after, erasing))

    def ask(self, node: str, version: int, state: ContactState) -> None:
        """Answer a question, now or once more is folded. `version`: of the record that asked."""
        if state.exclusive or self.heard.is_all:
            self.answer(node, state)
        else:
            self.questions.ask(node, version, self.heard.end)

    def answer(self, node: str, state: ContactState) -> None:
        """Say of which class a fragment is, or that it is of none."""
        self.effects.outputs += map(told, answers(node, state))
        self.questions.answered(node)

    def judge(
        self, contact_id: str, known: Overview, found: Collection[Trigger], before: Iterable[ContactState]
    ) -> None:
        """Send what is to be looked at of a person. `found`: what was just taken; `before`: the fragments before."""
        for alert in alerts(self._policy, contact_id, known, found, before):
            self.alerts[alert["rule"]] += 1
            self.effects.outputs.append(self.printer.alerted(alert))

    def refuse(self, record: KafkaRecord, refusal: Refusal) -> None:
        """Make a dead letter of it."""
        self.refusals[refusal.reason] += 1
        self.effects.outputs.append(dead_letter(record, refusal, STAGE, self._at_ms))


def stamps_of(records: Records) -> Headers:
    """When the newest of what these records stand for was received."""
    received = [at for record in records if (at := received_at(record.headers)) is not None]
    return [received_header(max(received))] if received else []
