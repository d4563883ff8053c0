"""From records of `interactions` to new states and profiles: no effects, so a failed chunk can be folded again."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

import orjson
from msgspec.structs import replace

from events.fields import CONTACT_ID_PATTERN
from events.interactions import TOPICS_OF
from events.refusal import Reason, Refusal
from events.topics import CONTACT_COMMANDS, CONTACT_STATE
from streams.agents.dead_letters import dead_letter
from streams.agents.stamps import received_at, received_header
from streams.contact import ContactState, Outcome, fold, profile, read_fact
from streams.contact.state import Fact
from streams.engine.partition import Effects
from streams.engine.runs import KafkaRecord, Records
from streams.engine.states import States
from streams.engine.writer import Output

STAGE = "contacts"
GENERATION_BITS = 40
"""`version` = generation · 2^40 + a counter for each contact."""

_FULL = Refusal(Reason.CONTACT_FULL, "contact: its state has outgrown 1 MiB; only retractions and refusals are taken")
_NO_KEY = Refusal(Reason.INVALID_DATA, "key: records of `interactions` are keyed by contact")
_is_contact = re.compile(CONTACT_ID_PATTERN.encode()).fullmatch


class Folding:
    """One chunk: its effects, how many interactions had which outcome and how many refusals which reason.

    Parameters:
        states: those before the chunk, by contact_id.
        generation: of the tables; versions of a later one are higher.
        at_ms: the time to put on dead letters.
    """

    def __init__(self, states: States[ContactState], generation: int, at_ms: int) -> None:
        self._states = states
        self._generation = generation
        self._at_ms = at_ms
        self.effects: Effects[ContactState] = Effects()
        self.outcomes: Counter[Outcome] = Counter()
        self.refusals: Counter[Reason] = Counter()

    def take(self, records: Records) -> None:
        """Fold each contact's records in their order; one new state and one profile for each contact that changed."""
        by_contact: dict[bytes, list[tuple[KafkaRecord, Fact]]] = defaultdict(list)
        for record in records:
            key = record.key
            if key is None or not _is_contact(key):
                self._refuse(record, _NO_KEY)
            elif isinstance(read := read_fact(record.value, record.timestamp), Refusal):
                self._refuse(record, read)
            elif not _is_command(read.type):
                by_contact[key].append((record, read))
        held = self._states.get_many(by_contact)
        for key, arrived in by_contact.items():
            self._fold(key, held[key] or ContactState(), arrived)

    def _fold(self, key: bytes, before: ContactState, arrived: Sequence[tuple[KafkaRecord, Fact]]) -> None:
        after, outcomes = fold(before, [fact for _, fact in arrived])
        self.outcomes.update(outcomes)
        applied = []
        for (record, _), outcome in zip(arrived, outcomes, strict=True):
            if outcome is Outcome.FULL:
                self._refuse(record, _FULL)
            elif outcome is Outcome.APPLIED:
                applied.append(record)
        if applied:
            self._put(key, replace(after, version=before.version + 1), applied)

    def _put(self, key: bytes, state: ContactState, applied: Records) -> None:
        version = (self._generation << GENERATION_BITS) + state.version
        value = orjson.dumps({**profile(key.decode(), state), "version": version})
        headers: list[tuple[str, bytes | None]] = [("version", b"%d" % version)]
        received = [at for record in applied if (at := received_at(record.headers)) is not None]
        if received:
            headers.append(received_header(max(received)))
        self.effects.changes[key] = state
        self.effects.outputs.append(Output(CONTACT_STATE, applied[0].partition, key, value, headers))

    def _refuse(self, record: KafkaRecord, refusal: Refusal) -> None:
        self.refusals[refusal.reason] += 1
        self.effects.outputs.append(dead_letter(record, refusal, STAGE, self._at_ms))


def _is_command(type_: str) -> bool:
    """Commands are kept in `interactions`; they change no state yet."""
    return CONTACT_COMMANDS in TOPICS_OF[type_]
