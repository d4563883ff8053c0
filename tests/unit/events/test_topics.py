from events import topics
from events.registry import TOPICS_OF

BY_NAME = {topic.name: topic for topic in topics.ALL}


COMPACTED = """contact-state contact-links contact-suppressions experiment-results experiment-definitions
segment-definitions contact-segments segment-counts campaign-holds rights-requests deliveries""".split()
DELETED = """interactions contact-alerts system-alerts segment-changes audit-log campaign-transparency delivery-log
dead-deliveries dead-letters""".split()


def test_the_topics_are_those_of_the_contract() -> None:
    inputs = {"email-events", "donation-events", "canvass-events", "outreach-events", "contact-commands"}
    assert {topic.name for topic in topics.INPUT_TOPICS} == inputs
    kept = dict.fromkeys(COMPACTED, "compact") | dict.fromkeys(DELETED, "delete")
    assert {topic.name: topic.cleanup for topic in topics.OUTPUT_TOPICS} == kept


def test_the_topics_between_the_agents_are_compacted_but_for_counts() -> None:
    sums = {"campaign-counts", "experiment-partials"}
    assert {topic.name for topic in topics.INTERNAL_TOPICS if topic.cleanup == "delete"} == sums
    in_one_partition = {topic.name for topic in topics.INTERNAL_TOPICS if topic.partitions == 1}
    assert in_one_partition == {"identity-links", *sums}
    assert BY_NAME["contact-fragments"].max_message_bytes == BY_NAME["contact-state"].max_message_bytes


def test_the_topics_of_the_clinic_keep_what_they_are_told() -> None:
    assert {topic.name: (topic.cleanup, topic.partitions) for topic in topics.CLINIC_TOPICS} == {
        "dead-letters-requeued": ("compact", 1),
        "quarantine": ("delete", None),
        "source-quarantines": ("compact", 1),
    }
    assert BY_NAME["quarantine"].max_message_bytes == BY_NAME["dead-letters"].max_message_bytes
    assert BY_NAME["quarantine"].retention_ms == BY_NAME["dead-letters"].retention_ms


def test_the_brokers_clock_stamps_every_record() -> None:
    """Else a worker whose clock is an hour ahead could write nothing."""
    assert {topic.config()["message.timestamp.type"] for topic in topics.ALL} == {"LogAppendTime"}


def test_what_is_written_about_a_record_has_room_for_it_and_more() -> None:
    largest = max(topic.max_message_bytes for topic in topics.INPUT_TOPICS)
    assert BY_NAME["interactions"].max_message_bytes > largest
    assert BY_NAME["dead-letters"].max_message_bytes > largest


def test_a_compacted_topic_keeps_its_null_records_for_a_week() -> None:
    assert BY_NAME["contact-state"].config() == {
        "cleanup.policy": "compact",
        "max.message.bytes": "8388608",
        "message.timestamp.type": "LogAppendTime",
        "segment.ms": "86400000",
        "delete.retention.ms": "604800000",
        "min.compaction.lag.ms": "0",
        "max.compaction.lag.ms": "259200000",
    }


def test_what_was_erased_is_forgotten_within_days_by_every_compacted_topic() -> None:
    day = 86_400_000
    for topic in topics.ALL:
        if topic.cleanup == "compact":
            config = {name: int(value) for name, value in topic.config().items() if name.endswith(".ms")}
            assert config["segment.ms"] + config["max.compaction.lag.ms"] <= 4 * day
            assert config["min.compaction.lag.ms"] < config["max.compaction.lag.ms"]


def test_a_reader_that_is_a_day_late_still_hears_of_each_erasure() -> None:
    for name in ("identity-links", "contact-roofs"):
        assert BY_NAME[name].config()["min.compaction.lag.ms"] == "86400000"


def test_a_deleted_topic_says_how_long_it_keeps() -> None:
    assert BY_NAME["email-events"].config()["retention.ms"] == "604800000"
    assert BY_NAME["interactions"].config()["retention.ms"] == "2592000000"
    assert BY_NAME["dead-letters"].config()["retention.ms"] == "7776000000"


def test_every_type_is_taken_on_its_topic_and_three_on_all_four() -> None:
    anywhere = {"experiment.assigned", "consent.changed", "interaction.retracted", "provenance.reported"}
    assert {type_ for type_, names in TOPICS_OF.items() if len(names) > 1} == anywhere
    assert all(
        TOPICS_OF[type_] == {"email-events", "donation-events", "canvass-events", "outreach-events"}
        for type_ in anywhere
    )


def test_only_a_few_topics_have_a_number_of_partitions_of_their_own() -> None:
    assert [topic.name for topic in topics.ALL if topic.partitions is not None] == [
        *("campaign-holds", "campaign-transparency", "rights-requests"),
        *("deliveries", "delivery-log", "dead-deliveries"),
        *("identity-links", "campaign-counts", "experiment-partials"),
        *("dead-letters-requeued", "source-quarantines"),
    ]


def test_what_is_written_again_and_again_is_compacted_soon() -> None:
    few = {"segment.bytes": "67108864", "min.cleanable.dirty.ratio": "0.1"}
    assert {topic.name for topic in topics.ALL if few.items() <= topic.config().items()} == {"deliveries"}
