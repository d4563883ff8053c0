"""Kafka with passwords and certificates over TLS, Redis with users behind TLS, and the lists of `deploy/acl`."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import pytest
from kafka import KafkaProducer, TopicPartition
from kafka.errors import AuthorizationError, UnknownTopicOrPartitionError
from redis import Redis
from redis.exceptions import ResponseError

from events.json_types import JSON
from events.topics import (
    ALL,
    AUDIT_LOG,
    CONTACT_STATE,
    DEAD_DELIVERIES,
    DEAD_LETTERS,
    DELIVERIES,
    DELIVERY_LOG,
    EMAIL_EVENTS,
)
from sinks.lake.files import LocalFiles
from sinks.lake.writer import LakeWriter
from streams.operations.status.kafka_side import observe_kafka
from streams.operations.status.observations import KafkaObservation, RedisObservation
from streams.operations.status.snapshot import observe_redis
from streams.platform.clients import KafkaClients, kafka_security_options, tool_redis
from streams.platform.errors import HiddenTopic, MissingTopic
from streams.platform.topic_reading import records_of
from streams.platform.topics import require_topic
from streams.services.console.app import PAGES
from tests.integration.command import ended_well, refused
from tests.integration.console_process import Visitor, console_process, form_token, one_person
from tests.integration.delivering import NETWORK, SECRET, webhook
from tests.integration.follow_process import following
from tests.integration.gateway_process import running_gateway
from tests.integration.said import Event, event, fresh, phone_of, somebody
from tests.integration.secured.broker import ADMIN, listed, settings_of
from tests.integration.secured.site import (
    API,
    BACKUP,
    CONSOLE,
    DELIVER,
    GATEWAY,
    KEY,
    LAKE,
    OPERATOR,
    SHARED,
    WORKER,
    Site,
    environment_of,
    secured_site,
)
from tests.integration.serving_process import started
from tests.integration.system import ask, sample, transactional_ids
from tests.integration.waiting import until
from tests.unit.history.lake.topic_records import TOPIC_ID, topic_record
from tests.unit.platform.certificates import Authority

ADA = fresh()
PERSON = somebody(ADA)
WRONG = "a-wrong-password"
ATTEMPTS = "harmonia_delivery_attempts_total"
NO_TOPIC = r"^there is no topic nobodys: run `harmonia topics create`$"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with secured_site(tmp_path_factory.mktemp("secured")) as site:
        yield site


def test_what_the_lists_allow_is_enough(site: Site) -> None:
    """From two producers to the API and to people at a terminal, with every part as the user that it is listed as."""
    tell(site, "producer-email", event("email.unsubscribed", PERSON))
    tell(site, "producer-donation", event("donation.made", {"email": PERSON["email"]}))
    producer = clients(site, "producer-email").tool_producer()
    producer.send("email-events", b"not an event").get()
    producer.close()

    until(lambda: counts(site) == {"email.unsubscribed": 1, "donation.made": 1}, "the profile of both")
    until(lambda: decision(site, "email", {"email": PERSON["email"]}) == "deny", "an answer")
    assert decision(site, "letter", {"contact_id": fresh()}) == "allow"
    shown = site.run(OPERATOR, "contact", "show", str(PERSON["email"]), "--json")
    assert json.loads(ended_well(shown).stdout)["contact_id"] == ADA
    ended_well(site.run(OPERATOR, "contact", "export", ADA))
    ended_well(site.run(OPERATOR, "contact", "suppress", ADA))
    until(lambda: decision(site, "letter", {"contact_id": ADA}) == "deny", "the command")
    ended_well(site.run(OPERATOR, "hold", "--campaign", fresh(), "--anyway"))
    ended_well(site.run(OPERATOR, "alerts", "list"))
    ended_well(site.run(OPERATOR, "campaigns", "list"))
    exported = site.run(OPERATOR, "suppressions", "export", "--channel", "email")
    assert (exported.returncode, ADA.encode() in exported.stdout) == (0, True)
    assert b"not_json" in ended_well(site.run(OPERATOR, "dead-letters", "list")).stdout
    until(lambda: said_in(site, AUDIT_LOG), "the record of what was answered")
    reported = site.run(OPERATOR, "report", "daily", "--json")
    assert (reported.returncode, b"no lake is set" in reported.stderr) == (0, True), reported.stderr
    assert json.loads(reported.stdout)["day"]["held"] is not None
    until(lambda: gifts_in_insights(site) == 1, "an answer of its child, which gives way to all other processes")


def gifts_in_insights(site: Site) -> int | None:
    """Gifts of the day, or None where the child process did not answer within its limit of a minute."""
    status, answer = site.api.ask("/v1/insights?metric=donation.made&from=2012-02-22&to=2012-02-23")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return None
    assert status == HTTPStatus.OK, answer
    gifts: int = answer["series"][0]["total"]
    return gifts


def test_a_topic_that_a_user_may_not_see_is_not_told_as_missing(site: Site) -> None:
    """Whoever is told that it is missing makes topics, and finds it there."""
    kafka, settings = clients(site, "producer-email"), settings_of(site.kafka.by_password("producer-email"))
    asks: list[Callable[[], object]] = [
        lambda: kafka.topic_id(CONTACT_STATE),
        lambda: kafka.describe_topics([EMAIL_EVENTS, CONTACT_STATE]),
        lambda: kafka.partitions_of(CONTACT_STATE),
        lambda: require_topic(settings, CONTACT_STATE),
    ]
    for asked in asks:
        with pytest.raises(HiddenTopic, match=r"^this user may not see the topic contact-state: see deploy/acl$"):
            asked()
    with closing(kafka.tool_consumer()) as consumer:
        for _ in range(2):
            with pytest.raises(AuthorizationError, match=CONTACT_STATE):
                next(records_of(consumer, CONTACT_STATE))
    with closing(clients(site, ADMIN).tool_consumer()) as consumer, pytest.raises(MissingTopic, match=NO_TOPIC):
        next(records_of(consumer, "nobodys"))
    with pytest.raises(MissingTopic, match=NO_TOPIC):
        clients(site, ADMIN).topic_id("nobodys")
    assert len(clients(site, ADMIN).partitions_of("nobodys")) == 0


@pytest.mark.parametrize(("user", "in_redis"), [(OPERATOR, API), (CONSOLE, CONSOLE)])
def test_status_says_of_nothing_that_is_there_that_it_is_missing_or_away(site: Site, user: str, in_redis: str) -> None:
    """By the rights that are listed for people at a terminal and for the console (deploy/acl/README.md)."""
    known = settings_of(environment_of(site.kafka, site.redis, user, in_redis))
    seen = observe_kafka(known, time.time_ns() // 1_000_000)
    assert isinstance(seen, KafkaObservation), seen
    assert seen.topics_missing == []
    with tool_redis(known) as client:
        found = observe_redis(client, known.partitions)
    assert isinstance(found, RedisObservation), found


def test_a_certificate_will_do_instead_of_a_password(site: Site) -> None:
    """The API of this site shows one too."""
    who = fresh()
    sent = lines(event("email.opened", {"contact_id": who}))
    ended_well(site.run_by_certificate("producer-email", "produce", "-", given=sent))
    until(lambda: site.api.ask(f"/v1/contacts/{who}")[0] == 200, "the profile")


def test_the_gateway_may_write_what_tools_send_and_what_it_cannot_read(site: Site, tmp_path: Path) -> None:
    act = {"email": f"{fresh()}@example.org", "timestamp": 1_770_000_000, "sg_message_id": fresh()}
    sent = [{**act, "event": "open"}, {**act, "event": "teleported"}]
    known = {**SHARED, "HARMONIA_IDENTITY_KEY": KEY, **site.kafka.by_password(GATEWAY)}
    before = [said_in(site, topic) for topic in (EMAIL_EVENTS, DEAD_LETTERS)]

    with running_gateway(tmp_path, known) as gateway:
        assert gateway.send("/v1/hooks/sendgrid", json.dumps(sent).encode()) == (204, b"")
        assert ask(gateway.metrics.replace("/metrics", "/readyz"))[0] == 200

    assert [said_in(site, topic) for topic in (EMAIL_EVENTS, DEAD_LETTERS)] == [count + 1 for count in before]


def test_the_console_and_what_fills_its_desk_may_do_all_that_pages_offer(site: Site, tmp_path: Path) -> None:
    who, campaign = fresh(), fresh()
    sent = event("email.sent", somebody(who), campaign_id=campaign)
    tell(site, "producer-email", {**sent, "time": datetime.now(UTC).isoformat()})
    known = {
        **environment_of(site.kafka, site.redis, CONSOLE, CONSOLE),
        "HARMONIA_DESK": str(tmp_path / "desk.sqlite"),
        "HARMONIA_CONSOLE_PEOPLE": str(one_person(tmp_path, "token of ada")),
        "HARMONIA_CONSOLE_MAY": "hold lift",
    }

    with following(tmp_path, "desk", known), console_process(tmp_path, known) as console:
        ada = Visitor(console.url)
        ada.sign_in("token of ada")
        until(lambda: campaign in ada.ask("/campaigns")[1], "the desk to have heard of the campaign")
        until(lambda: "email-events" in ada.ask("/status")[1], "a look at Kafka and Redis")
        shown = [page.path for page in PAGES if page.menu and page.name != "days"]
        assert {path: ada.ask(path)[0] for path in shown} == dict.fromkeys(shown, 200)
        csrf = form_token(ada.ask("/people")[1])
        assert ada.ask("/people", csrf=csrf, reason="task", who=who)[0] == 303
        assert ada.ask(f"/people/{who}")[0] == 200
        for act in ("hold", "lift"):
            assert ada.ask(f"/campaigns/{act}", csrf=csrf, once=fresh(), campaign=campaign)[0] == 303, act
        assert 'outcome="failed"' not in ask(console.metrics)[1]


def test_a_backup_is_taken_by_the_user_that_is_listed_for_it(site: Site, tmp_path: Path) -> None:
    tell(site, "producer-email", event("email.opened", {"contact_id": fresh()}))
    ended_well(site.run(BACKUP, "backup", str(tmp_path / "copy"), "--erasures", str(tmp_path / "erasures")))


def test_erasures_for_doing_nothing_are_carried_out_by_the_user_that_is_listed_for_the_lake(
    site: Site, tmp_path: Path
) -> None:
    """Of one that the lake has, only `contact-suppressions` tells whether it was in vain."""
    command = topic_record(0, "contact.erased_if_inactive")
    LakeWriter(LocalFiles(tmp_path / "lake"), TOPIC_ID).write(0, 0, 0, [command])
    ended_well(site.run(LAKE, "lake", "erase", HARMONIA_LAKE=str(tmp_path / "lake")))


def test_what_tells_endpoints_may_do_all_that_it_does_and_says_no_secret(site: Site, tmp_path: Path) -> None:
    """Nobody listens at the endpoint, so all waits and may be looked at and told once more."""
    endpoints, who = tmp_path / "endpoints.toml", fresh()
    endpoints.write_text(webhook("app", "127.85.0.9", topics='"contact-suppressions", "segment-changes"'))
    known = {
        **SHARED,
        "HARMONIA_IDENTITY_KEY": KEY,
        **site.kafka.by_password(DELIVER),
        "HARMONIA_DELIVER": str(endpoints),
        "HARMONIA_DELIVER_PRIVATE": NETWORK,
        "HOOK_SECRET": SECRET,
    }

    def deliveries(*words: str) -> str:
        return ended_well(site.run(OPERATOR, "deliveries", *words)).stdout.decode()

    with started(["deliver"], tmp_path / "deliver.log", known, "deliver") as process:
        until(lambda: ask(process.metrics.replace("/metrics", "/readyz"))[0] == 200, "it reads")
        tell(site, "producer-email", event("email.unsubscribed", {"contact_id": who}))
        until(lambda: sample(process.metrics, ATTEMPTS, endpoint="app", fate="waiting") > 0, "an attempt")
        until(lambda: "waiting" in deliveries("show", "app"), "the attempt, which is counted before it is stored")
        assert "nothing of app is dead" in deliveries("replay", "app", "--since", "1m", "--failed")
        deliveries("replay", "app", "--since", "1m")
        until(lambda: json.loads(deliveries("list", "--json"))["waiting"] > 0, "what is told once more, read again")
        process.end()
        assert shown_in(process.log.read_text(), [*site.secrets, SECRET, who]) == []
    written = [(topic, 0) for topic in (DEAD_DELIVERIES, DELIVERIES, DELIVERY_LOG)]
    assert clients(site, DELIVER).open_in(written, 0) == set()


def lines(*events: Event) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in events)


def tell(site: Site, user: str, said: Event) -> None:
    ended_well(site.run(user, "produce", "-", given=lines(said)))


def clients(site: Site, user: str) -> KafkaClients:
    return KafkaClients(settings_of(site.kafka.by_password(user)))


def redis_as(site: Site, user: str) -> Redis:
    return tool_redis(settings_of(site.redis.by_password(user)))


def counts(site: Site) -> JSON:
    status, profile = site.api.ask(f"/v1/contacts/{ADA}")
    return profile["counts"] if status == 200 else None


def decision(site: Site, channel: str, contact: dict[str, JSON]) -> str | None:
    asked = {"channel": channel, "purpose": "fundraising", "contacts": [contact], "reserve": 60}
    status, answer = site.api.ask("/v1/permissions", asked)
    return str(answer["decisions"][0]["decision"]) if status == 200 else None


def said_in(site: Site, topic: str) -> int:
    consumer = clients(site, ADMIN).tool_consumer()
    try:
        return sum(1 for _ in records_of(consumer, topic))
    finally:
        consumer.close()


def test_a_worker_may_see_what_a_dead_one_has_left_open(site: Site) -> None:
    written = {
        name for who, operation, kind, name, _ in listed() if (who, operation, kind) == (WORKER, "Write", "topic")
    }
    mine = clients(site, WORKER)

    assert mine.open_in([(topic, 0) for topic in sorted(written)], 0) == set()
    until(lambda: contacts_ids(mine), "a transaction of the worker")
    [name] = contacts_ids(mine)
    assert mine.transaction_of(name) is not None
    assert name.removeprefix("harmonia-contacts-") in mine.member_ids_of("harmonia")


def contacts_ids(mine: KafkaClients) -> set[str]:
    """The transactional ids with which workers write contacts."""
    return {name for name in transactional_ids(mine) if name.startswith("harmonia-contacts-")}


def test_a_redis_that_has_lost_its_place_is_filled_again(site: Site) -> None:
    redis = redis_as(site, WORKER)
    redis.delete(*redis.scan_iter(match="sink:*"))
    until(lambda: redis.hget(f"sink:{CONTACT_STATE}:0", "whole_at"), "the sink's place")
    until(lambda: site.api.ask(f"/v1/contacts/{ADA}")[0] in (200, 404), "an answer")
    until(lambda: site.api.ask("/v1/experiments")[0] == 200, "an answer on experiments")


@pytest.mark.parametrize("user", ["producer-email", "producer-donation", "reader", API, OPERATOR, BACKUP, CONSOLE])
def test_what_is_not_listed_is_refused(site: Site, user: str) -> None:
    may = {(what, name) for who, what, kind, name, _ in listed() if (who, kind) == (user, "topic")}
    names = {topic.name for topic in ALL}

    assert writable(site, user, names) == {name for what, name in may if what == "Write"}
    assert readable(site, user, names) == {name for what, name in may if what == "Read"} & names


def writable(site: Site, user: str, topics: set[str]) -> set[str]:
    identity = kafka_security_options(settings_of(site.kafka.by_password(user)))
    plain = KafkaProducer(bootstrap_servers=site.kafka.scram, enable_idempotence=False, **identity)
    found = set()
    with closing(plain) as producer:
        for topic in sorted(topics):
            with suppress(AuthorizationError):
                producer.send(topic, None, key=b"nobody", partition=0).get(timeout=10)
                found.add(topic)
    return found


def readable(site: Site, user: str, topics: set[str]) -> set[str]:
    """By a question that a broker answers to those only who may read the topic."""
    found = set()
    with closing(clients(site, user).admin()) as admin:
        for topic in sorted(topics):
            with suppress(AuthorizationError, UnknownTopicOrPartitionError):
                admin.describe_producers([TopicPartition(topic, 0)])
                found.add(topic)
    return found


@pytest.mark.parametrize(
    ("user", "command"),
    [
        (API, ("HSET", f"contact:{ADA}", "version", "1")),
        (API, ("DEL", "sink:contact-state:0")),
        (API, ("EVAL", "return redis.call('HSET', 'contact:x', 'version', '1')", "0")),
        (API, ("SCAN", "0")),
        (API, ("FLUSHALL",)),
        (API, ("CONFIG", "GET", "*")),
        (WORKER, ("GET", f"reservation:{ADA}:email")),
        (WORKER, ("EVAL", "return redis.call('KEYS', '*')", "0")),
        (WORKER, ("FLUSHALL",)),
        (WORKER, ("ACL", "LIST")),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_redis_refuses_what_is_not_listed(site: Site, user: str, command: tuple[str, ...]) -> None:
    with redis_as(site, user) as redis, pytest.raises(ResponseError, match=r"(?i)no permissions"):
        redis.execute_command(*command)


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("HARMONIA_KAFKA_PASSWORD", "Kafka: KafkaTimeoutError; is KAFKA_BOOTSTRAP right"),
        ("HARMONIA_REDIS_PASSWORD", "Redis: AuthenticationError; are the user of REDIS_URL and HARMONIA_RED"),
    ],
)
def test_a_wrong_password_is_told_and_not_shown(site: Site, secret: str, said: str) -> None:
    reason = refused(site.run(OPERATOR, "contact", "export", ADA, given=None, **{secret: WRONG}))

    assert reason.startswith(said)
    assert shown_in(reason, [WRONG, *site.secrets]) == []


def test_a_server_of_another_authority_is_not_spoken_to(site: Site, tmp_path: Path) -> None:
    stranger = str(Authority(tmp_path).file)

    kafka = refused(site.run(OPERATOR, "dead-letters", "list", HARMONIA_KAFKA_CA=stranger))
    redis = refused(site.run(OPERATOR, "contact", "show", ADA, HARMONIA_REDIS_CA=stranger))

    assert kafka.startswith("Kafka: ")
    assert redis.startswith("Redis: ConnectionError; ")


def test_a_user_who_may_not_is_told_where_it_says_who_may(site: Site) -> None:
    reason = refused(
        site.run("producer-email", "produce", "-", given=lines(event("donation.made", {"contact_id": ADA})))
    )

    assert reason == "this user may not see the topic donation-events: see deploy/acl\n"


def test_nothing_says_a_secret_or_whom_it_is_about(site: Site) -> None:
    """The last of this file: everything above has been said by then, at the level DEBUG."""
    said = [site.worker.log.read_text(), site.api.log.read_text(), *(ask(url)[1] for url in site.metrics)]
    personal = [str(PERSON["email"]), str(PERSON["phone"]), phone_of(ADA), WRONG]

    assert "DEBUG" in said[0]
    assert [shown_in(text, [*site.secrets, *personal]) for text in said] == [[], [], [], []]


def shown_in(text: str, secrets: list[str]) -> list[str]:
    return [secret for secret in secrets if secret in text]
