"""Makes dead letters of refused records."""

from events.dead_letters import Origin, dead_letter_headers
from events.refusal import Refusal
from events.topics import DEAD_LETTERS
from streams.engine.aiokafka_patches.fetched_records import UnreadableRecord
from streams.engine.runs import KafkaRecord
from streams.engine.writer import Output


def dead_letter(record: KafkaRecord, refusal: Refusal, stage: str, at_ms: int, topic: str = DEAD_LETTERS) -> Output:
    """The dead letter of a record: as it came, with why, where and when it was refused in its headers."""
    last = record.last_offset if isinstance(record, UnreadableRecord) and record.last_offset > record.offset else None
    origin = Origin(stage, record.topic, record.partition, record.offset, last)
    headers = dead_letter_headers(record.headers, refusal, origin, at_ms, record.timestamp)
    return Output(topic, record.partition, record.key, record.value, headers)
