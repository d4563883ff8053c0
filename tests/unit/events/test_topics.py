from events import topics
from events.fields import MAX_RECORD_BYTES
from events.interactions import MODELS, TOPICS_OF

BY_NAME = {topic.name: topic for topic in topics.ALL}


def test_the_topics_are_those_of_the_contract() -> None:
    assert {topic.name for topic in topics.INPUT_TOPICS} == {
        *("email-events", "donation-events", "canvass-events", "outreach-events", "contact-commands"),
    }
    assert {topic.name: topic.cleanup for topic in topics.OUTPUT_TOPICS} == {
        "interactions": "delete",
        "contact-state": "compact",
        "contact-links": "compact",
        "contact-suppressions": "compact",
        "contact-alerts": "delete",
        "system-alerts": "delete",
        "experiment-results": "compact",
        "dead-letters": "delete",
    }


def test_the_brokers_clock_stamps_every_record() -> None:
    """Else a worker whose clock is an hour ahead could write nothing."""
    assert {topic.config()["message.timestamp.type"] for topic in topics.ALL} == {"LogAppendTime"}


def test_a_record_too_large_for_us_still_fits_its_topic() -> None:
    assert all(topic.max_message_bytes > 4 * MAX_RECORD_BYTES for topic in topics.INPUT_TOPICS)


def test_what_is_written_about_a_record_has_room_for_it_and_more() -> None:
    largest = max(topic.max_message_bytes for topic in topics.INPUT_TOPICS)
    assert BY_NAME["interactions"].max_message_bytes > largest
    assert BY_NAME["dead-letters"].max_message_bytes > largest


def test_a_compacted_topic_keeps_its_null_records_for_a_week() -> None:
    assert BY_NAME["contact-state"].config() == {
        "cleanup.policy": "compact",
        "max.message.bytes": "8388608",
        "message.timestamp.type": "LogAppendTime",
        "delete.retention.ms": "604800000",
    }


def test_a_deleted_topic_says_how_long_it_keeps() -> None:
    assert BY_NAME["email-events"].config()["retention.ms"] == "604800000"
    assert BY_NAME["interactions"].config()["retention.ms"] == "2592000000"
    assert BY_NAME["dead-letters"].config()["retention.ms"] == "7776000000"


def test_every_type_is_taken_on_its_topic_and_three_on_all_four() -> None:
    anywhere = {"experiment.assigned", "consent.changed", "interaction.retracted"}
    assert {type_ for type_, names in TOPICS_OF.items() if len(names) > 1} == anywhere
    assert all(
        TOPICS_OF[type_] == {"email-events", "donation-events", "canvass-events", "outreach-events"}
        for type_ in anywhere
    )
    assert len(MODELS) == 32
