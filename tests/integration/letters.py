"""How a record of an input topic and its dead letter belong together."""

from events.dead_letters import DeadLetter
from events.envelope import Interaction, Record, decode
from events.refusal import Refusal
from events.times import render_time
from events.topics import DEAD_LETTERS, INTERACTIONS
from streams.engine.runs import KafkaRecord

Place = tuple[str, int, int]
HEADERS = [
    f"dl_{name}" for name in ("reason", "detail", "stage", "topic", "partition", "offset", "time", "record_time")
]


def judged(record: KafkaRecord) -> Interaction | Refusal:
    return decode(Record(record.topic, record.value, record.headers, record.timestamp))


def place_of(record: KafkaRecord) -> Place:
    return record.topic, record.partition, record.offset


def origin_of(letter: KafkaRecord) -> Place:
    read = DeadLetter.of(letter.headers)
    assert read is not None
    return read.origin.topic, read.origin.partition, read.origin.offset


def on(records: list[KafkaRecord], topic: str) -> list[KafkaRecord]:
    return [record for record in records if record.topic == topic]


def came_out(records: list[KafkaRecord]) -> int:
    """How many records of the input have come out somewhere; a second copy counts once."""
    letters = {origin_of(letter) for letter in on(records, DEAD_LETTERS)}
    return len(letters) + len({(record.key, record.value) for record in on(records, INTERACTIONS)})


def is_letter_of(letter: KafkaRecord, record: KafkaRecord, refusal: Refusal) -> bool:
    """Whether the letter is the record as it came, with why and from where in its headers."""
    own, added = letter.headers[: len(record.headers)], letter.headers[len(record.headers) :]
    where = [refusal.reason, refusal.detail, "intake", record.topic, str(record.partition), str(record.offset)]
    return (
        (letter.value, letter.key) == (record.value, record.key)
        and list(own) == list(record.headers)
        and [name for name, _ in added] == HEADERS
        and [text for _, text in added[:-2]] == [text.encode() for text in where]
        and added[-1][1] == render_time(record.timestamp).encode()
    )
