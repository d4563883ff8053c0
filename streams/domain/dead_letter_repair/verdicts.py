"""Whether a dead letter may be sent anew: mended, it is judged as intake will judge it, by the same code.

What would be refused again is not sent. Nor is what could do harm:

- a row of an import, which is no record of a topic: the file is mended and imported again;
- a record of `interactions` (a person's state was full), unless it is asked for by its stage: it would be refused again
  until something of that person has been taken back or has settled;
- a message that was refused a week ago, unless it is asked for: the letter itself was never applied, but its producer
  may have sent the message anew since, and copies of messages are recognised for a week only;
- one of two that a mapping gives the same source and id: a name for `id` that is not each letter's own would lose all
  but the first;
- what came back so often that a person should look at it.
"""

import re
from collections.abc import Mapping as Table
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

import orjson

from events.cloudevents import open_event
from events.dead_letters import RECORD_TIME, Headers
from events.envelope import Interaction, Record, decode
from events.fields import CONTACT_ID_PATTERN
from events.harmonised import harmonise
from events.identifiers import Hasher
from events.purpose_wall import OPEN, Wall, through_the_wall
from events.refusal import Reason, Refusal
from events.registry import MESSAGES
from events.requeued import Requeued, with_history
from events.times import render_time
from events.topics import INPUT_TOPICS, INTERACTIONS
from streams.domain.contact import read_fact
from streams.domain.contact.state import DEDUP_WINDOW_MS
from streams.domain.dead_letter_repair.letters import Letter, read_declared_type
from streams.domain.dead_letter_repair.mapping import Mapping
from streams.domain.dead_letter_repair.mapping_application import apply_mapping

IMPORTS = "import"
INTAKE, CONTACTS = "intake", "contacts"
_INPUTS = frozenset(topic.name for topic in INPUT_TOPICS)
_NO_KEY = Refusal(Reason.INVALID_DATA, "key: records of `interactions` are keyed by contact")
_is_contact = re.compile(CONTACT_ID_PATTERN.encode()).fullmatch


class NotRequeued(StrEnum):
    """Why a letter is not sent anew, though it might be accepted."""

    REQUEUED = "requeued"
    TOO_OFTEN = "too_often"
    OLD_MESSAGE = "old_message"
    FULL = "full"
    IMPORTED = "imported"
    ELSEWHERE = "elsewhere"
    TWIN = "twin"


NOT_REQUEUED_TEXTS: Table[NotRequeued, str] = {
    NotRequeued.REQUEUED: "requeued before",
    NotRequeued.TOO_OFTEN: "came back too often: look at them (`show`), then --deepest",
    NotRequeued.OLD_MESSAGE: "of messages, and older than 7 days: where the producer has sent them again since, "
    "they would count twice; --old-messages sends them all the same",
    NotRequeued.FULL: "refused because the person's state was full: --stage contacts asks for them alone",
    NotRequeued.IMPORTED: "rows of an import: mend the file and import it again",
    NotRequeued.ELSEWHERE: "of no topic that producers write to",
    NotRequeued.TWIN: "would have, as mended, the source and id of another dead letter, and count as a copy of it: "
    "change the mapping",
}


@dataclass(frozen=True, slots=True)
class RequeueRules:
    """Settings by which letters are judged.

    `now`: ms, letters are judged as if appended then. `run`: names this call in histories. `deepest`: how often a
    letter may have been sent anew before. `full`: whether letters of `interactions` are meant. `wall`: what
    nothing is taken of.
    """

    now: int
    hasher: Hasher
    run: str
    mapping: Mapping | None = None
    deepest: int = 3
    old_messages: bool = False
    full: bool = False
    wall: Wall = OPEN


@dataclass(frozen=True, slots=True)
class RequeueableRecord:
    """A record that intake will accept, and the topic that it goes to."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    type: str | None


def judge_letter(letter: Letter, rules: RequeueRules) -> RequeueableRecord | Refusal | NotRequeued:
    """The record to send, the refusal that it would meet again, or why it is not sent."""
    if letter.origin.stage == IMPORTS:
        return NotRequeued.IMPORTED
    if letter.origin.topic == INTERACTIONS:
        return _judge_harmonised(letter, rules)
    if letter.origin.topic not in _INPUTS:
        return NotRequeued.ELSEWHERE
    mapping = rules.mapping
    value, own = (
        (letter.value, letter.headers) if mapping is None else apply_mapping(letter.value, letter.headers, mapping)
    )
    topic = mapping.topic if mapping is not None and mapping.topic is not None else letter.origin.topic
    type_ = read_declared_type(value, own).type
    if left := _kept_back(letter, type_, rules):
        return left
    headers = _with_one_more(letter, value, own, rules)
    judged = decode(Record(topic, value, headers, rules.now), rules.hasher.phone_region)
    if isinstance(judged, Interaction):
        judged = through_the_wall(judged, rules.wall)
    return judged if isinstance(judged, Refusal) else RequeueableRecord(topic, letter.key, value, headers, type_)


def interaction_of(cured: RequeueableRecord, rules: RequeueRules) -> tuple[str, bytes] | None:
    """Contact id and value of the record of `interactions` that intake will write for this one."""
    if cured.topic == INTERACTIONS:
        return None if cured.key is None or cured.value is None else (cured.key.decode(), cured.value)
    read = decode(Record(cured.topic, cured.value, cured.headers, rules.now), rules.hasher.phone_region)
    return harmonise(read, rules.hasher) if isinstance(read, Interaction) else None


def _judge_harmonised(letter: Letter, rules: RequeueRules) -> RequeueableRecord | Refusal | NotRequeued:
    if not rules.full:
        return NotRequeued.FULL
    if left := _kept_back(letter, letter.declared.type, rules):
        return left
    if letter.key is None or not _is_contact(letter.key):
        return _NO_KEY
    read = read_fact(letter.value, rules.now)
    if isinstance(read, Refusal):
        return read
    headers = _with_one_more(letter, letter.value, letter.headers, rules)
    return RequeueableRecord(INTERACTIONS, letter.key, letter.value, headers, letter.declared.type)


def _kept_back(letter: Letter, type_: str | None, rules: RequeueRules) -> NotRequeued | None:
    if len(letter.history) >= rules.deepest:
        return NotRequeued.TOO_OFTEN
    if type_ in MESSAGES and not rules.old_messages and rules.now - letter.first_refused > DEDUP_WINDOW_MS:
        return NotRequeued.OLD_MESSAGE
    return None


def _with_one_more(letter: Letter, value: bytes | None, own: Headers, rules: RequeueRules) -> Headers:
    once = Requeued(
        at=render_time(rules.now),
        letter=str(letter.place),
        origin=str(letter.origin_place),
        refused=render_time(letter.time),
        reason=letter.refusal.reason.value,
        mapping=None if rules.mapping is None else rules.mapping.version,
        run=rules.run,
    )
    proven = with_history(value, own, [*letter.history, once], rules.hasher)
    return [*proven, (RECORD_TIME, render_time(letter.record_time).encode())]


class DuplicateDetector:
    """Finds different interactions under one `source` and `id`; equal ones are copies, which are not meant."""

    def __init__(self) -> None:
        self._known: dict[bytes, bytes] = {}

    def has(self, cured: RequeueableRecord) -> bool:
        """Whether another interaction under the same `source` and `id` was seen before; notes this one if not."""
        event = open_event(cured.value, cured.headers)
        if isinstance(event, Refusal):
            return False
        name = _hash([event.get("source"), event.get("id")])
        content = _hash(event)
        return self._known.setdefault(name, content) != content


def _hash(said: object) -> bytes:
    return blake2b(orjson.dumps(said, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()
