"""Permission, and what is said of it."""

from collections import Counter

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from msgspec.structs import replace
from prometheus_client import CollectorRegistry
from pydantic import TypeAdapter

from events.identifiers import Hasher
from events.outputs import AuditRecord, ContactProfile
from sinks.lookup import ContactAnswer, ErasedContact, Incomplete, KnownContact, UnknownContact
from streams.domain.campaigns.holds import (
    SLOT_MS,
    hold_record,
    is_reservation_mark,
    lift_record,
    read_hold_record,
    read_reservation_mark,
    reservation_mark_record,
    round_up_to_slot,
)
from streams.domain.messages import english
from streams.domain.pressure import Decision, PermissionRequest, default_policy
from streams.domain.pressure.asking import Evidence
from streams.platform import clients
from streams.platform.settings import Settings
from streams.services.api.metrics import ApiMetrics
from streams.services.console.metrics import ConsoleMetrics
from streams.services.permission.command_audit import list_record, permission_record, send_record
from streams.services.permission.decision_messages import (
    MOST_EVIDENCE,
    decision_message,
    evidence_messages,
    incomplete_message,
)
from streams.services.permission.near_names import (
    caller_remark,
    cannot_be_a_sender,
    sender_form_remark,
    sender_remark,
)
from streams.services.permission.person_name import (
    PersonName,
    Understood,
    meanings_of,
    parse_person,
    readable_meanings,
    understand,
)
from streams.services.permission.reservation_log import ReservationLog, ReservationLogUnavailable
from streams.worker.metrics import Metrics
from tests.unit.domain.pressure.people import ms, person, touch
from tests.unit.events.records import NOW

REQUEST = PermissionRequest(channel="email", purpose="fundraising", team="digital", campaign_id="gotv-1")
COUNTS = Counter({("deny", "unsubscribed"): 7, ("allow", "ok"): 900, ("defer", "team_cap"): 2})


def test_a_list_is_recorded_by_counts_and_reasons_and_without_rows() -> None:
    record = list_record(REQUEST, "policy-1", NOW, COUNTS)

    assert TypeAdapter(AuditRecord).validate_python(record)
    assert (record["at"], record["team"], record["what"]) == ("2012-02-22T10:00:00.000Z", "digital", "permission")
    assert (record["channel"], record["purpose"], record["campaign_id"]) == ("email", "fundraising", "gotv-1")
    assert record["policy_version"] == "policy-1"
    assert record["answers"] == []
    assert [tuple(count.values()) for count in record["counts"]] == [
        ("allow", "ok", 900),
        ("defer", "team_cap", 2),
        ("deny", "unsubscribed", 7),
    ]
    assert record["request"] != list_record(REQUEST, "policy-1", NOW, {})["request"]
    assert orjson.dumps(record)


@pytest.mark.parametrize("automatic", [True, False])
def test_it_is_recorded_whether_a_machine_was_to_call_where_that_was_said(automatic: bool) -> None:
    """Whether a call was allowed as somebody's own or as a machine's decides by which conditions it was."""
    said = PermissionRequest(channel="phone", purpose="mobilisation", team="field", automatic=automatic)
    for record in (list_record(said, "policy-1", NOW, COUNTS), permission_record(said, "policy-1", NOW)):
        assert record["automatic"] is automatic
        assert TypeAdapter(AuditRecord).validate_python(record)
    assert "automatic" not in permission_record(REQUEST, "policy-1", NOW)


def test_an_answer_about_one_person_is_recorded_as_the_api_records_it() -> None:
    record = permission_record(
        REQUEST, "policy-1", NOW, [{"contact_id": "c1", "decision": "defer", "reason": "team_cap"}]
    )

    assert TypeAdapter(AuditRecord).validate_python(record)
    assert record["answers"] == [{"contact_id": "c1", "decision": "defer", "reason": "team_cap"}]
    assert "counts" not in record


def test_without_kafka_sending_a_record_says_why_it_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "BOOTSTRAP_TIMEOUT_S", 0.1)
    nowhere = Settings(kafka_bootstrap="127.0.0.1:1")

    why = send_record(nowhere, list_record(REQUEST, "policy-1", NOW, COUNTS))
    assert why is not None
    assert why.startswith("Kafka: ")


POLICY = {"harmonia_policy_changes", "harmonia_policy_since_seconds"}


def names(registry: CollectorRegistry) -> set[str]:
    return {metric.name for metric in registry.collect()}


def test_each_process_has_the_metrics_of_the_policy_and_of_its_own_audit_log() -> None:
    api, console, worker = (CollectorRegistry() for _ in range(3))
    ApiMetrics(api)
    ConsoleMetrics(console)
    Metrics(worker)
    assert names(api) >= POLICY | {"harmonia_audit_pending_bytes", "harmonia_audit_failures"}
    assert names(console) >= POLICY | {"harmonia_console_audit_pending_bytes", "harmonia_console_audit_failures"}
    assert names(worker) >= POLICY


AT = 1_352_167_200_000
"""2012-11-06T02:00Z."""


@pytest.mark.parametrize(
    ("decision", "text"),
    [
        (Decision("allow", "ok", (), AT, AT), "yes, until 2012-11-06 02:00 UTC: nothing speaks against it"),
        (
            Decision("defer", "hours", (), AT),
            "not before 2012-11-06 02:00 UTC: it is too early or too late where this person is",
        ),
        (Decision("defer", "soft_bouncing"), "not yet: the address refuses messages for now"),
        (Decision("deny", "opted_out"), "no: this person has answered STOP"),
        (Decision("deny", "held", earliest_at=AT), "no, until 2012-11-06 02:00 UTC: the campaign is on hold"),
    ],
)
def test_a_decision_is_told_with_how_long_it_holds_and_why(decision: Decision, text: str) -> None:
    assert english(decision_message(decision)) == text


def stopped() -> ContactProfile:
    stop = {"reason": "opted_out", "at": "2012-11-03T18:00:00.000Z", "source": "digital/texts", "id": "t1"}
    known = person(touches=[touch(ms("2012-11-05T12:30:00Z"), id_="m1")])
    return {**known, "stops": {**known["stops"], "text": stop}}  # type: ignore[typeddict-item]


def test_evidence_is_told_with_what_the_profile_keeps_of_it_and_without_it_by_source_and_id() -> None:
    evidence = (Evidence("digital/texts", "t1"), Evidence("digital/mailer", "m1"), Evidence("field/doors", "d9"))
    decision = Decision("deny", "opted_out", evidence)

    assert [english(each) for each in evidence_messages(decision, stopped())] == [
        "this person has answered STOP, 2012-11-03 18:00 UTC (digital/texts t1)",
        "email by digital, 2012-11-05 12:30 UTC (digital/mailer m1)",
        "field/doors d9",
    ]
    assert english(evidence_messages(decision, None)[0]) == "digital/texts t1"


def test_to_somebody_of_one_team_a_touch_of_another_is_told_by_channel_and_day_alone() -> None:
    """By the day of the reader's clocks. What the profile does not keep may be a touch too."""
    late, own = touch(ms("2012-11-06T02:30:00Z"), id_="m1"), touch(AT, team="field", id_="m2")
    named = [("digital/mailer", "m1"), ("field/mailer", "m2"), ("digital/dialer", "c1"), ("field/doors", "d9")]
    decision = Decision("defer", "cap", tuple(Evidence(*each) for each in named))

    told = evidence_messages(decision, person(touches=[late, own]), "America/New_York", {"field"}.__contains__)
    texts = [english(each) for each in told]
    assert (texts[0], texts[2:]) == (
        "email by another team, Monday, 5 November 2012",
        ["an interaction of another team", "field/doors d9"],
    )
    assert texts[1].startswith("email by field, ")


def test_of_dozens_of_touches_the_first_are_told() -> None:
    decision = Decision("defer", "cap", tuple(Evidence("digital/mailer", f"m{number}") for number in range(30)))
    assert len(evidence_messages(decision, None)) == MOST_EVIDENCE


@pytest.mark.parametrize("why", ["missing", "refilling", "too_old", "other_key", "other_regime"])
def test_what_redis_lacks_is_told_with_its_place(why: str) -> None:
    found = incomplete_message(Incomplete(why, "contact-state:3"))  # type: ignore[arg-type]
    assert english(found) == f"in Redis contact-state:3 is {why.replace('_', ' ')}"


UNTIL = 1_330_000_000_000


@pytest.mark.parametrize("until", [None, UNTIL])
def test_a_hold_is_read_and_lifted(until: int | None) -> None:
    holds: dict[str, int | None] = {"another": None}
    read_hold_record(*hold_record("gotv", until, "operator", 0), holds)
    assert holds == {"another": None, "gotv": until}
    read_hold_record(*lift_record("gotv"), holds)
    assert holds == {"another": None}


@pytest.mark.parametrize("value", [b"", b"[]", b"\xff", b'{"until": 7}', b'{"until": "tomorrow"}', b"{}"])
def test_a_hold_that_cannot_be_read_holds_for_ever(value: bytes) -> None:
    holds: dict[str, int | None] = {}
    read_hold_record(b"gotv", value, holds)
    assert holds == {"gotv": None}


def test_a_mark_of_reservations_is_no_campaign() -> None:
    holds: dict[str, int | None] = {}
    read_hold_record(*reservation_mark_record(UNTIL), holds)
    assert holds == {}


def test_a_record_of_no_campaign_says_nothing() -> None:
    holds: dict[str, int | None] = {}
    read_hold_record(None, b"{}", holds)
    read_hold_record(b"", b"{}", holds)
    assert holds == {}


WINTER = 1_770_224_400_000
DAY = 86_400_000


@pytest.mark.parametrize("more", [1, 1_000, SLOT_MS - 1, SLOT_MS])
def test_the_end_of_reservations_is_rounded_up_to_five_minutes(more: int) -> None:
    assert WINTER % SLOT_MS == 0
    assert (round_up_to_slot(WINTER), round_up_to_slot(WINTER + more)) == (
        WINTER,
        WINTER + SLOT_MS,
    )


def test_a_reservation_mark_is_read_as_it_was_written() -> None:
    assert read_reservation_mark(*reservation_mark_record(WINTER)) == WINTER


def test_keys_come_round_again_but_not_while_a_reservation_of_the_longest_may_last() -> None:
    keys = [reservation_mark_record(until)[0] for until in range(WINTER, WINTER + 30 * DAY, SLOT_MS)]
    assert len(set(keys)) < len(keys) / 8
    near = keys[: DAY // SLOT_MS + 2]
    assert len(set(near)) == len(near)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (None, b"{}"),
        (reservation_mark_record(WINTER)[0], None),
        (reservation_mark_record(WINTER)[0], b""),
        (reservation_mark_record(WINTER)[0], b'{"reserved_until": "soon"}'),
        (reservation_mark_record(WINTER)[0], b'{"reserved_until": 7}'),
        hold_record("gotv", WINTER, "operator", WINTER),
    ],
)
def test_a_value_that_is_no_reservation_mark_says_nothing(key: bytes | None, value: bytes | None) -> None:
    assert read_reservation_mark(key, value) == 0


@pytest.mark.parametrize("campaign", ["gotv", "reservations:1", "\u00ffreservations:1", "\ufffdreservations:1"])
def test_no_campaign_has_the_key_of_a_mark(campaign: str) -> None:
    assert not is_reservation_mark(hold_record(campaign, None, "operator", WINTER)[0])


HOTLINE = "+12125550100"


@pytest.mark.parametrize("sender", ["+12125550l00", "+12125550101", "1212555010"])
def test_a_sender_that_is_spelled_like_a_stopped_one_is_remarked(sender: str) -> None:
    assert sender_remark(sender, {HOTLINE}, "US", "this person has") == (
        f"this person has stopped {HOTLINE}: is that the one?"
    )


@pytest.mark.parametrize("sender", [HOTLINE, "(212) 555-0100", " 212.555.0100 ", None])
def test_a_sender_that_is_a_stopped_one_however_it_is_written_needs_no_remark(sender: str | None) -> None:
    assert sender_remark(sender, {HOTLINE}, "US", "this person has") is None


def test_a_sender_of_texts_that_is_no_number_is_remarked() -> None:
    for sender in ("abc", "+12125550l00"):
        assert "no phone number" in (sender_form_remark(sender, "text", "US") or "")
    for other in (HOTLINE, "12345", "212-555-0100", None):
        assert sender_form_remark(other, "text", "US") is None
    assert sender_form_remark("abc", "email", "US") is None


def test_what_has_no_letter_and_no_digit_can_be_no_sender() -> None:
    assert cannot_be_a_sender(" +-")
    assert not cannot_be_a_sender("a")


def test_who_does_not_say_who_speaks_is_told_where_that_decides() -> None:
    asked = PermissionRequest(channel="phone", purpose="mobilisation", team="field")
    remark = caller_remark(asked, default_policy("fr"))
    assert remark is not None
    assert remark.startswith("who speaks is not said")
    assert caller_remark(replace(asked, automatic=False), default_policy("fr")) is None
    assert caller_remark(replace(asked, channel="text"), default_policy("fr")) is None
    assert caller_remark(asked, default_policy()) is None


HASHER = Hasher([b"key"])
NOBODY = UnknownContact("nobody")


@pytest.mark.parametrize(
    ("word", "kinds"),
    [
        ("van:17", [None, "external"]),
        ("OH:123", [None, "voter", "external"]),
        ("2125550199", [None, "phone"]),
        ("212-555-0199", [None, "phone"]),
        ("(212) 555-0199", ["phone"]),
        ("ada lovelace:17", [None]),
        ("crm.ada", [None]),
        ("ada@example.org", ["email"]),
        ("external:van:17", ["external"]),
        ("voter:OH:123", ["voter"]),
        ("phone:2125550199", ["phone"]),
        (HASHER.lookups("voter", "OH:123")[0], [None]),
        ("external:0123456789abcdef0123456789abcdef", [None]),
        ("", [None]),
    ],
)
def test_a_long_form_means_one_thing_and_a_short_one_all_that_it_looks_like(word: str, kinds: list[str | None]) -> None:
    assert [name.kind for name in meanings_of(word)] == kinds


def test_the_long_form_of_each_meaning_means_it_alone() -> None:
    for name in meanings_of("OH:123"):
        assert name.kind is None or meanings_of(name.long_form) == [name]
    assert parse_person("ada@example.org").long_form == "email:ada@example.org"


def test_what_cannot_be_read_is_no_meaning() -> None:
    assert [name.kind for name, _ in readable_meanings("1234567", HASHER)] == [None]
    assert not readable_meanings("no id", HASHER)
    assert not readable_meanings("", HASHER)


CONTACT, VOTER, EXTERNAL = meanings_of("OH:123")
ONE, OTHER = KnownContact("one", b"{}"), KnownContact("other", b"{}")


@pytest.mark.parametrize(
    ("found", "name", "contact"),
    [
        ([NOBODY, NOBODY, NOBODY], CONTACT, NOBODY),
        ([NOBODY, NOBODY, ONE], EXTERNAL, ONE),
        ([NOBODY, ONE, NOBODY], VOTER, ONE),
        ([NOBODY, ONE, ONE], VOTER, ONE),
        ([ONE, OTHER, OTHER], CONTACT, ONE),
        ([NOBODY, ErasedContact("one"), NOBODY], VOTER, ErasedContact("one")),
    ],
)
def test_a_word_means_what_somebody_is_known_by(
    found: list[ContactAnswer], name: PersonName, contact: ContactAnswer
) -> None:
    assert understand([CONTACT, VOTER, EXTERNAL], found) == Understood(name, contact)


NOBODY_LISTENS = "127.0.0.1:1"


async def test_without_kafka_the_end_of_reservations_is_not_recorded_and_tried_anew_each_time() -> None:
    made: list[AIOKafkaProducer] = []

    def producer() -> AIOKafkaProducer:
        made.append(AIOKafkaProducer(bootstrap_servers=NOBODY_LISTENS))
        return made[-1]

    keeping = ReservationLog(producer)
    for _ in range(2):
        with pytest.raises(ReservationLogUnavailable):
            await keeping.keep(1_770_224_400_000)
    assert len(made) == 2
    await keeping.close()
