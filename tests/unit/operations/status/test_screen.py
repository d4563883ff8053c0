from dataclasses import replace

import orjson
from rich.console import Console

from streams.domain.messages import message
from streams.domain.quarantine.held_records import ListedSource
from streams.operations.refused_records import MostlyRefused
from streams.operations.status.alert_rules import findings
from streams.operations.status.observations import (
    KafkaObservation,
    Observations,
    ProcessStanding,
    RedisObservation,
    SinkPosition,
    TopicFlow,
)
from streams.operations.status.screen import document, screen
from streams.platform.settings import Settings
from streams.platform.topics import topics_read_by_workers

REFUSED = {"invalid_data": 3, "no_time": 1, "not_json": 1, "too_large": 1, "no_identifier": 1}
FLOWS = [TopicFlow(topic, count) for topic, count in topics_read_by_workers(Settings()).items()]
WELL = Observations(
    at=1_330_603_200_000,
    kafka=KafkaObservation("Stable", 2, FLOWS, REFUSED, 1000),
    redis=RedisObservation(
        0.42,
        [SinkPosition("redis", "contact-state", 1.0, 0, {0: 10, 1: 5}), SinkPosition("holds", "campaign-holds", 2.0)],
    ),
    disk_used=0.5,
)


def shown(seen: Observations) -> list[str]:
    console = Console(width=80, highlight=False)
    with console.capture() as captured:
        console.print(screen(seen, findings(seen)))
    return [line.rstrip() for line in captured.get().splitlines()]


def test_each_alert_on_the_status_screen_names_its_runbook() -> None:
    flows = [replace(FLOWS[1], lag=7, waits_s=400.0, stalled=(3, 5))]
    lines = shown(replace(WELL, kafka=KafkaObservation("Stable", 1, flows)))

    assert lines[0].endswith("NOT WELL")
    assert lines[1] == "page   DonationOrOptOutWaits: donation-events: the oldest record has waited for"
    assert "       do: docs/runbooks/donation-or-opt-out-waits.md" in lines
    assert "page   PartitionStalled: donation-events: nothing is done in partition 3, 5" in lines


def test_sources_that_are_refused_or_held_are_named_in_80_columns_and_to_programs() -> None:
    held = ListedSource("digital/mailer", "2012-03-01T11:00:00.000Z", "2012-03-01T12:16:00.000Z", True, 1_234)
    gifts = MostlyRefused("finance/actblue", "donation.made", 40, 40)
    assert isinstance(WELL.kafka, KafkaObservation)
    seen = replace(WELL, kafka=replace(WELL.kafka, quarantines=[held], mostly_refused=[gifts]))
    lines = shown(seen)

    assert lines[0].endswith("it flows, and something is to be looked at")
    assert max(map(len, lines)) <= 80
    text = " ".join(" ".join(lines).split())
    assert "DeadLetterFlood: finance/actblue: 40 of 40 gifts refused in the last hour" in text
    assert "SourceQuarantined: digital/mailer: in quarantine since 2012-03-01 11:00Z, 1,234 held records wait" in text
    told = orjson.loads(orjson.dumps(document(seen, findings(seen)), option=orjson.OPT_NON_STR_KEYS))
    assert told["kafka"]["quarantines"] == [
        {
            "source": "digital/mailer",
            "since": "2012-03-01T11:00:00.000Z",
            "until": "2012-03-01T12:16:00.000Z",
            "held_now": True,
            "waiting": 1_234,
        }
    ]
    assert told["kafka"]["mostly_refused"] == [
        {"source": "finance/actblue", "type": "donation.made", "refused": 40, "sent": 40}
    ]


def test_the_status_as_json_says_the_same_as_the_screen() -> None:
    told = orjson.loads(orjson.dumps(document(WELL, findings(WELL)), option=orjson.OPT_NON_STR_KEYS))

    assert told["verdict"] == "well"
    assert told["alerts"] == []
    assert told["kafka"]["members"] == 2
    assert told["redis"]["held"][0]["offsets"] == {"0": 10, "1": 5}
    assert told["sign_of_life_s"] == 1.0


def test_the_screen_and_the_json_name_each_process_with_its_state() -> None:
    behind = ProcessStanding("sink postgres", "behind", message("process.postgres_never_filled"))
    seen = replace(WELL, processes=(ProcessStanding("gateway", "not_set_up"), behind))

    assert "behind: sink postgres; not set up: gateway" in shown(seen)
    assert document(seen, findings(seen))["processes"] == [
        {"name": "gateway", "state": "not_set_up", "why": None},
        {
            "name": "sink postgres",
            "state": "behind",
            "why": "HARMONIA_POSTGRES is set, and PostgreSQL was never filled",
        },
    ]
    assert orjson.dumps(document(seen, findings(seen)), option=orjson.OPT_NON_STR_KEYS)
