"""Whether a letter may be sent anew: mended, it is judged as intake will judge it, by the same code.

What would be refused again is not sent. Nor is what could do harm:

- a row of an import, which is no record of a topic: the file is mended and imported again;
- a record of `interactions` (a person's state was full), unless it is asked for by its stage: it would be refused again
  until something of that person has been taken back or has settled;
- a message that was refused a week ago, unless it is asked for: the letter itself was never applied, but its producer
  may have sent the message anew since, and copies of messages are recognised for a week only;
- what came back so often that a person should look at it.
"""

import re
from collections.abc import Mapping as Table
from dataclasses import dataclass
from enum import StrEnum

from events.dead_letters import Headers
from events.envelope import Interaction, Record, decode
from events.fields import CONTACT_ID_PATTERN
from events.harmonised import harmonise
from events.identifiers import Hasher
from events.refusal import Reason, Refusal
from events.registry import MESSAGES
from events.requeued import Requeued, with_history
from events.times import render_time
from events.topics import INPUT_TOPICS, INTERACTIONS
from streams.domain.contact import read_fact
from streams.domain.contact.state import DEDUP_WINDOW_MS
from streams.domain.dead_letter_repair.healing import healed
from streams.domain.dead_letter_repair.letters import Letter, said_by
from streams.domain.dead_letter_repair.mapping import Mapping

IMPORTS = "import"
INTAKE, CONTACTS = "intake", "contacts"
_INPUTS = frozenset(topic.name for topic in INPUT_TOPICS)
_NO_KEY = Refusal(Reason.INVALID_DATA, "key: records of `interactions` are keyed by contact")
_is_contact = re.compile(CONTACT_ID_PATTERN.encode()).fullmatch


class Left(StrEnum):
    """Why a letter is left where it is without being judged."""

    REQUEUED = "requeued"
    TOO_OFTEN = "too_often"
    OLD_MESSAGE = "old_message"
    FULL = "full"
    IMPORTED = "imported"
    ELSEWHERE = "elsewhere"
    TWIN = "twin"


WORDS: Table[Left, str] = {
    Left.REQUEUED: "were requeued before",
    Left.TOO_OFTEN: "came back too often: look at them (`show`), then --deepest",
    Left.OLD_MESSAGE: "are of messages and older than 7 days: where the producer has sent them again since, they would "
    "count twice; --old-messages sends them all the same",
    Left.FULL: "were refused because the person's state was full: --stage contacts asks for them alone",
    Left.IMPORTED: "are rows of an import: mend the file and import it again",
    Left.ELSEWHERE: "are of no topic that producers write to",
    Left.TWIN: "have, as mended, the source and id of another dead letter and would be taken for a copy of it: "
    "change the mapping",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """How letters are judged. `now`: ms, as if appended then. `run`: what this call is known by in histories.

    `deepest`: so many times one may have been sent anew. `full`: whether those of `interactions` are meant.
    """

    now: int
    hasher: Hasher
    run: str
    mapping: Mapping | None = None
    deepest: int = 3
    old_messages: bool = False
    full: bool = False


@dataclass(frozen=True, slots=True)
class Cured:
    """A record that will be taken, and where it goes."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    type: str | None


def judge(letter: Letter, rules: Rules) -> Cured | Refusal | Left:
    """What becomes of a letter."""
    if letter.origin.stage == IMPORTS:
        return Left.IMPORTED
    if letter.origin.topic == INTERACTIONS:
        return _judge_harmonised(letter, rules)
    if letter.origin.topic not in _INPUTS:
        return Left.ELSEWHERE
    mapping = rules.mapping
    value, own = (letter.value, letter.headers) if mapping is None else healed(letter.value, letter.headers, mapping)
    topic = mapping.topic if mapping is not None and mapping.topic is not None else letter.origin.topic
    type_ = said_by(value, own).type
    if left := _left(letter, type_, rules):
        return left
    headers = _with_one_more(letter, value, own, rules)
    judged = decode(Record(topic, value, headers, rules.now), rules.hasher.phone_region)
    return judged if isinstance(judged, Refusal) else Cured(topic, letter.key, value, headers, type_)


def interaction_of(cured: Cured, rules: Rules) -> tuple[str, bytes] | None:
    """Fragment and value that intake will write for it."""
    if cured.topic == INTERACTIONS:
        return None if cured.key is None or cured.value is None else (cured.key.decode(), cured.value)
    read = decode(Record(cured.topic, cured.value, cured.headers, rules.now), rules.hasher.phone_region)
    return harmonise(read, rules.hasher) if isinstance(read, Interaction) else None


def _judge_harmonised(letter: Letter, rules: Rules) -> Cured | Refusal | Left:
    if not rules.full:
        return Left.FULL
    if left := _left(letter, letter.said.type, rules):
        return left
    if letter.key is None or not _is_contact(letter.key):
        return _NO_KEY
    read = read_fact(letter.value, rules.now)
    if isinstance(read, Refusal):
        return read
    headers = _with_one_more(letter, letter.value, letter.headers, rules)
    return Cured(INTERACTIONS, letter.key, letter.value, headers, letter.said.type)


def _left(letter: Letter, type_: str | None, rules: Rules) -> Left | None:
    if len(letter.history) >= rules.deepest:
        return Left.TOO_OFTEN
    if type_ in MESSAGES and not rules.old_messages and rules.now - letter.first_refused > DEDUP_WINDOW_MS:
        return Left.OLD_MESSAGE
    return None


def _with_one_more(letter: Letter, value: bytes | None, own: Headers, rules: Rules) -> Headers:
    once = Requeued(
        at=render_time(rules.now),
        letter=str(letter.place),
        origin=str(letter.origin_place),
        refused=render_time(letter.time),
        reason=letter.refusal.reason.value,
        mapping=None if rules.mapping is None else rules.mapping.version,
        run=rules.run,
    )
    return with_history(value, own, [*letter.history, once], rules.hasher)
