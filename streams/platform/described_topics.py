"""Says what a broker's answer about a topic means: it is not there, this user may not see it, or ask again."""

from __future__ import annotations

from collections.abc import Mapping

from streams.platform.errors import HiddenTopic, KafkaAway, MissingTopic


def refuse_undescribed(codes: Mapping[str, int]) -> None:
    """Raise what the broker's error code of a topic means, with the cure, unless all are 0; `codes`: by topic.

    `HiddenTopic` comes before `MissingTopic`, and that before `KafkaAway`, whose cause is the broker's error: a topic
    that was just made may have no leader for a moment.
    """
    from kafka.errors import TopicAuthorizationFailedError, UnknownTopicOrPartitionError, for_code

    if hidden := _with(codes, TopicAuthorizationFailedError.errno):
        raise HiddenTopic(f"this user may not see the topic {hidden}: see deploy/acl")
    if missing := _with(codes, UnknownTopicOrPartitionError.errno):
        raise MissingTopic(f"there is no topic {missing}: run `harmonia topics create`")
    for topic, code in codes.items():
        if code:
            error = for_code(code)
            raise KafkaAway(f"asking for the topic {topic}: {error.__name__}") from error()


def _with(codes: Mapping[str, int], code: int) -> str:
    return ", ".join(topic for topic, found in codes.items() if found == code)
