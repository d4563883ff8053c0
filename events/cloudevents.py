"""Reads CloudEvents 1.0 from Kafka records: both modes, into one object with `data` in it.

Only the envelope is judged here; `data` is judged in `envelope.py`.
"""

import re
from collections.abc import Sequence

import orjson

from events.json_types import JSON
from events.refusal import Reason, Refusal

Headers = Sequence[tuple[str, bytes | None]]

ATTRIBUTES = frozenset({"specversion", "id", "source", "type", "time", "dataschema", "datacontenttype", "data"})
"""The attributes that are no extensions. `datacontenttype` describes the bytes in transit, so it is dropped."""

_PREFIX = "ce_"
_MARKS = frozenset({"ce_specversion", "ce_id", "ce_type"})
_STRUCTURED = b"application/cloudevents+json"
_MAJOR = re.compile(r"v?0*(\d+)(?:[.-]\d+)*(?:\.json)?", re.ASCII | re.IGNORECASE).fullmatch

_NOT_JSON = Refusal(Reason.NOT_JSON, "value: send one JSON object in UTF-8, at most 1,024 levels deep")
_NOT_AN_OBJECT = Refusal(Reason.NOT_CLOUDEVENT, "value: send a CloudEvent as a JSON object, or `data` with ce_ headers")
_NOT_UTF8 = Refusal(Reason.NOT_CLOUDEVENT, "headers: ce_ headers must be UTF-8 text")
_NOT_1_0 = Refusal(Reason.NOT_CLOUDEVENT, 'specversion: must be "1.0"')
_NO_SCHEMA_TEXT = Refusal(Reason.NOT_CLOUDEVENT, "dataschema: must be a string, or left out")
_MISSING = {
    name: Refusal(Reason.NOT_CLOUDEVENT, f"{name}: must be a string that is not empty")
    for name in ("id", "source", "type")
}


def open_event(value: bytes | None, headers: Headers) -> dict[str, JSON] | Refusal:
    """The event of a record in either mode, as a structured one; its attributes are not judged yet."""
    try:
        body: JSON = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return _NOT_JSON
    if headers and is_binary(headers):
        return _from_headers(headers, body)
    return body if isinstance(body, dict) else _NOT_AN_OBJECT


def is_binary(headers: Headers) -> bool:
    """Whether a record is in binary mode: attributes in the headers, the value is `data` alone."""
    if _MARKS.isdisjoint(name for name, _ in headers):
        return False
    return not any(
        name.lower() == "content-type" and value is not None and value.strip().lower().startswith(_STRUCTURED)
        for name, value in headers
    )


def _from_headers(headers: Headers, data: JSON) -> dict[str, JSON] | Refusal:
    event: dict[str, JSON] = {}
    try:
        for name, value in headers:
            if name.startswith(_PREFIX) and value is not None:
                event[name[len(_PREFIX) :]] = value.decode()
    except UnicodeDecodeError:
        return _NOT_UTF8
    event["data"] = data
    return event


Head = tuple[str, str, str, str | None]
"""`id`, `source`, `type`, `dataschema`."""


def read_head(event: dict[str, JSON]) -> Head | Refusal:
    """The required attributes of a CloudEvent, or why the object is none."""
    id_, source, type_, schema = event.get("id"), event.get("source"), event.get("type"), event.get("dataschema")
    if event.get("specversion") != "1.0":
        return _NOT_1_0
    if not (isinstance(id_, str) and id_):
        return _MISSING["id"]
    if not (isinstance(source, str) and source):
        return _MISSING["source"]
    if not (isinstance(type_, str) and type_):
        return _MISSING["type"]
    if not (schema is None or isinstance(schema, str)):
        return _NO_SCHEMA_TEXT
    return id_, source, type_, schema


def is_version_1(dataschema: str) -> bool:
    """Whether the last path segment names version 1 (`1`, `v1`, `1.2`, `1-0-0`, `1.json`) or no version at all."""
    path = dataschema.partition("#")[0].partition("?")[0].rstrip("/")
    match = _MAJOR(path.rpartition("/")[2])
    return match is None or match[1] == "1"


def extensions_of(event: dict[str, JSON]) -> dict[str, JSON]:
    """The attributes that are neither CloudEvents' nor null."""
    if event.keys() <= ATTRIBUTES:
        return {}
    return {name: value for name, value in event.items() if name not in ATTRIBUTES and value is not None}
