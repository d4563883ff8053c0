"""Makes the AsyncAPI 3.0 document of every public topic, from which clients or a catalogue can be generated.

Payloads are the JSON Schemas beside it, by reference, so that nothing is said twice.
"""

from events.json_types import JSON
from events.registry import MODELS, TOPICS_OF
from events.topics import DEAD_LETTERS, INPUT_TOPICS, INTERACTIONS, OUTPUT_TOPICS, TopicSpec

FILE = "asyncapi.json"
_INFO: dict[str, JSON] = {
    "title": "Harmonia",
    "version": "1",
    "description": "What teams send about their contacts with people, and what they may read of it.",
    "license": {"name": "Apache-2.0"},
}
_EVENT = "application/cloudevents+json"
_HEADERS: dict[str, JSON] = {
    "type": "object",
    "description": "Of contact-state; the highest version of a contact counts.",
    "properties": {
        "version": {"type": "string", "pattern": "^[0-9]+$"},
        "reason": {"type": "string", "description": "Why the value is null"},
        "merged_into": {"type": "string", "description": "Who the contact is now"},
    },
}


def document() -> JSON:
    """The document, of which every key is sorted when it is rendered."""
    topics = [*INPUT_TOPICS, *OUTPUT_TOPICS]
    channels: dict[str, JSON] = {topic.name: _channel(topic) for topic in topics}
    operations: dict[str, JSON] = {
        f"{_verb(topic)}-{topic.name}": {"action": _verb(topic), "channel": {"$ref": f"#/channels/{topic.name}"}}
        for topic in topics
    }
    messages: dict[str, JSON] = {type_: _message(type_, f"{type_}.json", _EVENT) for type_ in MODELS}
    for topic in OUTPUT_TOPICS:
        messages[topic.name] = _of_output(topic)
    return {
        "asyncapi": "3.0.0",
        "info": _INFO,
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def _verb(topic: TopicSpec) -> str:
    """What Harmonia does there: it receives what teams send, and sends what they read."""
    return "receive" if topic in INPUT_TOPICS else "send"


def _channel(topic: TopicSpec) -> JSON:
    types = [type_ for type_ in MODELS if topic.name in TOPICS_OF[type_]] or [topic.name]
    return {
        "address": topic.name,
        "description": topic.purpose,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in types},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "topicConfiguration": {"cleanup.policy": [topic.cleanup], "max.message.bytes": topic.max_message_bytes},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _message(name: str, file: str, content_type: str) -> JSON:
    return {"name": name, "contentType": content_type, "payload": {"$ref": f"./{file}"}}


def _of_output(topic: TopicSpec) -> JSON:
    if topic.name == DEAD_LETTERS:
        payload: JSON = {"description": "The refused record's value, byte for byte"}
        return {"name": topic.name, "contentType": "application/octet-stream", "payload": payload}
    content_type = _EVENT if topic.name == INTERACTIONS else "application/json"
    message = _message(topic.name, f"{topic.name}.json", content_type)
    if topic.name == "contact-state" and isinstance(message, dict):
        message["headers"] = _HEADERS
    return message
