"""Reads the fact in a record of `interactions`.

Most take the short way of `events.interaction_structs`; a law holds that it leads to the same fact as the models.
"""

from typing import TypeAlias

from events.fields import MAX_ID
from events.harmonised import judge_harmonised, open_harmonised
from events.interaction_structs import DataStruct, read_data_struct, read_event_struct
from events.interactions.base import InteractionData
from events.refusal import Refusal
from events.times import parse_time
from streams.domain.contact.facts.from_interactions import fact_of
from streams.domain.contact.state import Fact

Data: TypeAlias = InteractionData | DataStruct
"""What was said, in whichever way it was read."""


def read_fact(value: bytes | None, appended_at: int) -> Fact | Refusal:
    """The fact that a record reports, or why it is none. `appended_at`: the record's timestamp, ms."""
    read = read_said(value, appended_at)
    return read if isinstance(read, Refusal) else read[0]


def read_said(value: bytes | None, appended_at: int) -> tuple[Fact, Data] | Refusal:
    """The same with all that was said, most of which no fact keeps."""
    usual = None if value is None else read_event_struct(value)
    if usual is not None and (at := parse_time(usual.time)) is not None:
        return fact_of(usual.head, at, usual.data, appended_at), usual.data
    opened = open_harmonised(value)
    if isinstance(opened, Refusal):
        return opened
    head, time, event = opened
    id_, source, type_, _ = head
    if len(id_) <= MAX_ID and len(source) <= MAX_ID and (data := read_data_struct(type_, event.get("data"))):
        return fact_of(head, time, data, appended_at), data
    judged = judge_harmonised(opened)
    return judged if isinstance(judged, Refusal) else (fact_of(head, time, judged.data, appended_at), judged.data)
