"""Dead letters are mended and sent anew: it ends as it would have with good records, and nothing is there twice."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka.errors import ProducerFenced
from typer.testing import CliRunner, Result

from events.envelope import Interaction
from events.json_types import JSON
from events.requeued import REQUEUED, history_of
from events.times import parse_time
from events.topics import DEAD_LETTERS, DEAD_LETTERS_REQUEUED, INPUT_TOPICS, QUARANTINE, SYSTEM_ALERTS
from streams.cli.main import app
from streams.demo.check import Difference, compare_profiles
from streams.demo.oracle import recount
from streams.demo.publishing import publish, wait_until_in_redis
from streams.demo.read_back import profiles_in_redis
from streams.demo.script import as_sent, contributions, simulate
from streams.demo.truth import ContactFields, Publication, Sent
from streams.engine.runs import KafkaRecord
from streams.engine.writer import Output, TransactionWriter, _send
from streams.local.stack import Stack
from streams.operations.requeue.transactional_sender import transactional_id
from streams.platform.clients import KafkaClients
from streams.platform.topic_reading import records_of
from tests.integration.command import killed, on
from tests.integration.said import event, fresh, structured
from tests.integration.system import System, running_system, sample, state_of
from tests.integration.tap import Tap, header, tapped
from tests.integration.waiting import until

LETTERS, GIFTS = 500, 800
FLOOD = 300
"""More than a source has letters in the other tests."""
MAPPING = """
[rename]
data.messageId = "data.message_id"
data.sum = "data.amount"
[cast]
data.amount = "int"
"""
CHOSEN = ("--reason", "invalid_data", "--detail", "is missing", "--since", "10m")
SPOILT = {"donation.made": ("amount", "sum"), "email.sent": ("message_id", "messageId")}


@dataclass(frozen=True, slots=True)
class Ward:
    """A system with the letters in it; `truth`: all that was meant, well or ill written."""

    system: System
    folder: Path
    truth: list[Sent]

    @property
    def where(self) -> dict[str, str]:
        return on(self.system.stack, COLUMNS="80")

    def call(self, *words: str, **settings: str) -> Result:
        """The command in this process, since starting one takes longer than what is done here."""
        return CliRunner().invoke(app, ["dead-letters", *words], env={**self.where, **settings}, prog_name="harmonia")

    def requeue(self, *words: str) -> Result:
        return self.call("requeue", *CHOSEN, "--mapping", str(self.folder / "cure.toml"), *words)


def well(ended: Result) -> str:
    assert (ended.exit_code, ended.stderr) == (0, ""), ended.output
    return ended.stdout


@pytest.fixture(scope="module")
def ward(own_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    folder = tmp_path_factory.mktemp("clinic")
    (folder / "cure.toml").write_text(MAPPING)
    gifts = [_moved(as_sent(one)) for one in contributions()[:GIFTS] if isinstance(one, Interaction)]
    script = [one for one in simulate(gifts, 11, 0.05) if one.reason is None]
    with running_system(own_stack, folder, HARMONIA_QUARANTINE_LETTERS=str(FLOOD)) as system:
        publish(system.deployment.producer, _spoilt(script), lambda: None)
        wait_until_in_redis(system.deployment, lambda _: system.workers.must_run())
        yield Ward(system, folder, [one.sent for one in script])


def _moved(gift: Sent) -> Sent:
    """The same, as another tool would say it."""
    name = gift.contact["external"]["fec"]
    contact: ContactFields = {**gift.contact, "external": {"fec": f"clinic-{name}"}}
    return replace(gift, contact=contact, source="clinic/actblue")


def _spoilt(script: Sequence[Publication]) -> list[Publication]:
    """Half of the letters of each kind, in the ways of a producer that was changed the evening before."""
    left = dict.fromkeys(SPOILT, LETTERS // len(SPOILT))
    made = []
    for one in script:
        spoil = one.kind == "first" and left.get(one.sent.type, 0) > 0
        left[one.sent.type] = left.get(one.sent.type, 0) - spoil
        made.append(replace(one, value=_spoil(one)) if spoil else one)
    assert [left[type_] for type_ in SPOILT] == [0, 0]
    return made


def _spoil(one: Publication) -> bytes:
    name, wrong = SPOILT[one.sent.type]
    event = orjson.loads(one.value)
    data = event.get("data", event)
    data[wrong] = str(data.pop(name))
    return orjson.dumps(event)


def assert_as_the_oracle_says(ward: Ward) -> None:
    """Markers of transactions end the input topics, so how far the workers are is not asked, but what is there."""
    expected = recount(ward.truth, ward.system.deployment.identify)

    def differences() -> list[Difference]:
        everybody = profiles_in_redis(ward.system.deployment.redis)
        mine = {name: everybody[name] for name in expected if name in everybody}
        return compare_profiles(expected, mine, "redis")

    with suppress(TimeoutError):
        until(lambda: not differences(), "the profiles of the oracle")
    assert differences() == []


def sent_anew(ward: Ward) -> Counter[str]:
    """The origins of what was sent anew, as readers of the input see it."""
    with closing(KafkaClients(ward.system.settings).tool_consumer()) as consumer:
        found = [
            history_of(record.headers)[-1].origin
            for topic in INPUT_TOPICS
            for record in records_of(consumer, topic.name)
            if any(name == REQUEUED for name, _ in record.headers)
        ]
    return Counter(found)


def notes(ward: Ward) -> int:
    with closing(KafkaClients(ward.system.settings).tool_consumer()) as consumer:
        return sum(1 for _ in records_of(consumer, DEAD_LETTERS_REQUEUED))


def test_letters_are_seen_by_their_causes(ward: Ward) -> None:
    told = well(ward.call("group", "--json", *CHOSEN))
    groups = [json.loads(line) for line in told.splitlines()]
    counts = Counter[tuple[str, str]]()
    for row in groups:
        counts[row["type"], row["detail"]] += row["count"]
    assert counts["donation.made", "data.amount: is missing"] == LETTERS // 2
    assert counts["email.sent", "data.message_id: is missing"] == LETTERS // 2
    place = groups[0]["samples"][0]
    shown = well(ward.call("show", place))
    assert "--value shows" in shown
    assert "clinic-" not in shown
    assert "clinic-" in well(ward.call("show", place, "--value"))
    assert json.loads(well(ward.call("show", place, "--json")))["history"] == []


def test_a_rehearsal_says_what_would_be_and_does_nothing(ward: Ward) -> None:
    before = notes(ward)
    told = json.loads(well(ward.requeue("--dry-run", "--json", "--people", "20")))
    assert sum(row["count"] for row in told["sent"]) == LETTERS
    assert 0 < told["contacts"] <= LETTERS
    assert any("donations.net.USD" in added for added in told["adds_alone"].values())
    unmended = ward.call("requeue", *CHOSEN, "--dry-run", "--json")
    assert unmended.exit_code == 1
    assert json.loads(unmended.stdout)["sent"] == []
    assert notes(ward) == before


def test_letters_that_are_mended_end_in_the_profiles_of_the_oracle_whatever_happens(ward: Ward) -> None:
    before = notes(ward)
    command = ("dead-letters", "requeue", *CHOSEN, "--mapping", "cure.toml")
    killed(ward.folder, *command, environment=ward.where, once=lambda: notes(ward) > before)
    some = notes(ward) - before
    assert 0 < some < LETTERS
    with asyncio.Runner() as runner, left_open(ward, runner):
        told = json.loads(well(ward.requeue("--json")))
    assert sum(row["count"] for row in told["sent"]) == LETTERS - some
    assert told["left"] == {"requeued": some}

    again = json.loads(well(ward.requeue("--json")))
    assert (again["sent"], again["left"]) == ([], {"requeued": LETTERS})
    groups = [json.loads(line) for line in well(ward.call("group", "--json", *CHOSEN)).splitlines()]
    assert [sum(group[name] for group in groups) for name in ("open", "requeued")] == [0, LETTERS]
    assert "Nothing of these is open:" in well(ward.call("group", *CHOSEN))
    assert json.loads(well(ward.call("show", groups[0]["samples"][0], "--json")))["requeued"]
    found = sent_anew(ward)
    assert (len(found), found.total(), notes(ward) - before) == (LETTERS, LETTERS, LETTERS)
    assert_as_the_oracle_says(ward)


@contextmanager
def left_open(ward: Ward, runner: asyncio.Runner) -> Iterator[None]:
    """A desk that stands in the middle of a batch, which is never to be seen, and learns that it is not alone."""
    stale = runner.run(begun(ward))
    try:
        yield
        with pytest.raises(ProducerFenced):
            runner.run(stale._producer.commit_transaction())
    finally:
        runner.run(stale.stop())


async def begun(ward: Ward) -> TransactionWriter:
    stale = TransactionWriter(KafkaClients(ward.system.settings), transactional_id(ward.system.settings.app_id))
    await stale.start()
    await stale._producer.begin_transaction()
    await _send(stale._producer, [Output("email-events", 0, None, b"", [(REQUEUED, b"[]")])])
    return stale


def test_a_cure_that_does_not_help_is_stopped(ward: Ward) -> None:
    """Whoever sends reads phone numbers as of another country than the workers do."""
    producer = ward.system.deployment.producer
    said = event("text.replied", {"phone": "020 7946 0000"}, sender=fresh())
    with tapped(ward.system.settings, DEAD_LETTERS) as tap:
        for number in range(3):
            producer.send("outreach-events", structured({**said, "id": f"{said['id']}-{number}"})[0]).get(30)
        tap.until(lambda seen: len(seen) == 3, "the letters")
    words = ("requeue", "--reason", "no_identifier", "--type", "text.replied", "--since", "5m")
    abroad = {"HARMONIA_PHONE_REGION": "GB"}
    assert "3 of 3 came back" in ward.call(*words, **abroad).stderr
    for _ in range(2):
        assert ward.call(*words, "--came-back", **abroad).exit_code == 1
    last = ward.call(*words, "--came-back", "--json", **abroad)
    assert json.loads(last.stdout)["left"] == {"requeued": 6, "too_often": 3}


def test_a_yes_dated_ahead_is_dated_by_its_refused_record_when_it_is_requeued(ward: Ward) -> None:
    """Somebody says no between the refused yes and its cure: dated by the cure, the yes would lift that no."""
    producer, contact_id = ward.system.deployment.producer, fresh()
    contact: dict[str, JSON] = {"contact_id": contact_id}
    yes = event("consent.changed", contact, channel="email", granted=True)
    yes["time"] = f"{datetime.now(UTC) + timedelta(minutes=55):%Y-%m-%dT%H:%M:%SZ}"
    assert isinstance(yes["data"], dict)
    yes["data"]["agreed"] = yes["data"].pop("granted")
    with tapped(ward.system.settings, DEAD_LETTERS) as tap:
        refused = producer.send("outreach-events", structured(yes)[0]).get(30)
        tap.until(lambda seen: len(seen) == 1, "the letter")
    no = {**event("email.unsubscribed", contact), "time": datetime.now(UTC).isoformat(timespec="milliseconds")}
    accepted = producer.send("email-events", structured(no)[0]).get(30)
    no_at = until(lambda: profile_with(ward, contact_id, "email.unsubscribed"), "the no")["stops"]
    (ward.folder / "agreed.toml").write_text('[rename]\ndata.agreed = "data.granted"\n')
    words = ("--type", "consent.changed", "--since", "5m", "--mapping", str(ward.folder / "agreed.toml"))
    assert json.loads(well(ward.call("requeue", *words, "--json")))["left"] == {}
    profile = until(lambda: profile_with(ward, contact_id, "consent.changed"), "the yes")
    said = {word["type"]: word for word in profile["consent_ledger"]}
    assert (profile["email"]["subscribed"], profile["stops"]) == (False, no_at)
    assert parse_time(said["consent.changed"]["at"]) == refused.timestamp <= accepted.timestamp


def test_a_flood_holds_what_can_wait_of_its_source_until_it_is_released(ward: Ward) -> None:
    """Another source, all of whose gifts are refused but who sends far more mail, is not held."""
    producer, source, contact_id = ward.system.deployment.producer, "flood/app", fresh()
    contact: dict[str, JSON] = {"contact_id": contact_id}
    mixed = "mixed/app"

    def say(topic: str, type_: str, **attributes: str) -> None:
        said = {**event(type_, contact), "source": source, **attributes}
        producer.send(topic, structured(said)[0])

    with tapped(ward.system.settings, QUARANTINE, SYSTEM_ALERTS) as tap:
        for _ in range(4 * FLOOD):
            say("email-events", "email.clicked", source=mixed)
        until(lambda: profile_with(ward, contact_id, "email.clicked", 4 * FLOOD), "its mail")
        for _ in range(FLOOD + 20):
            say("donation-events", "donation.made", time="yesterday", source=mixed)
        producer.flush()
        for _ in range(4 * FLOOD):
            say("email-events", "email.clicked", source=mixed)
        for _ in range(2 * FLOOD):  # in two minutes, if it must be
            say("email-events", "email.opened", time="yesterday")
        [alert] = tap.of(SYSTEM_ALERTS, source.encode())
        told = json.loads(alert.value or b"")
        assert (told["rule"], told["subject"]) == ("source_quarantined", source)
        opens = 0

        def held() -> bool:
            nonlocal opens
            opens += 1
            say("email-events", "email.opened")
            producer.flush()
            return any(header(one, "dl_reason") == b"quarantined" for one in letters_on(tap, QUARANTINE))

        tap.until(lambda _: held(), "an open that is held")
        say("donation-events", "donation.made")
        say("email-events", "email.unsubscribed")
        profile = until(lambda: profile_with(ward, contact_id, "email.unsubscribed"), "the refusal")
        gift = until(lambda: profile_with(ward, contact_id, "donation.made"), "the gift")
        assert (profile["email"]["subscribed"], gift["donations"]["count"]) == (False, 1)
        look = CliRunner().invoke(app, ["status", "--json"], env=ward.where)
        assert look.exit_code == 0, look.output
        [shown] = json.loads(look.stdout)["kafka"]["quarantines"]
        assert (shown["source"], shown["held_now"]) == (source, True)
        assert 0 < shown["waiting"] <= opens + 2 * FLOOD
        [url] = ward.system.workers.addresses
        until(lambda: sample(url, "harmonia_quarantine_waiting_records"), "how many wait, in /metrics")
        assert sample(url, "harmonia_source_quarantined_since_seconds", source=source)
        [listed] = json.loads(well(ward.call("release", "--list", "--json")))
        assert listed["source"] == source
        assert 0 < listed["waiting"] <= opens + 2 * FLOOD
        assert "records that wait" in well(ward.call("release", "--list"))

    assert_a_misspelled_source_is_refused(ward)
    released = ward.call("release", source, "--json")
    sent = sum(row["count"] for row in json.loads(released.stdout)["sent"])
    assert 0 < sent <= opens
    until(lambda: profile_with(ward, contact_id, "email.opened", opens), "every open")
    assert source not in well(ward.call("release", "--list", "--json"))
    assert json.loads(ward.call("release", source, "--json").stdout)["left"] == {"requeued": sent}
    assert len([one for one in tap.records if one.topic == SYSTEM_ALERTS and one.key == source.encode()]) == 1


def assert_a_misspelled_source_is_refused(ward: Ward) -> None:
    for words in (("release", "flod/app"), ("requeue", "--quarantined", "--source", "flod/app")):
        misspelled = ward.call(*words)
        assert (misspelled.exit_code, misspelled.stdout) == (1, "")
        assert misspelled.stderr == "no held record is of source flod/app; did you mean flood/app?\n"
    missed = ward.call("group", "--source", "flod/app")
    assert (missed.exit_code, missed.stderr) == (0, "no dead letter is of source flod/app; did you mean flood/app?\n")


def letters_on(tap: Tap, topic: str) -> list[KafkaRecord]:
    return [record for record in tap.records if record.topic == topic]


def profile_with(ward: Ward, contact_id: str, type_: str, count: int = 1) -> Any:
    """The profile, once it counts so many of a type."""
    found = json.loads(state_of(ward.system, contact_id) or b'{"counts": {}}')
    return found if found["counts"].get(type_) == count else None
