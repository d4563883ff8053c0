"""The whole way: what producers say is what the API answers by, and what it answers is written down."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from events.topics import AUDIT_LOG, CAMPAIGN_HOLDS
from streams.domain.campaigns.holds import hold_record, lift_record
from streams.local.stack import Stack
from tests.contract.redis_server import RedisServer
from tests.integration.api_process import TOKENS, Api, running_api
from tests.integration.command import ended_well, harmonia, on
from tests.integration.said import Event, afternoon, event, fresh, structured
from tests.integration.system import System, running_system, sample
from tests.integration.tap import tapped
from tests.integration.waiting import until

STOPPED = 200
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def system(frail_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Its Redis is its own, for nobody else's may be emptied."""
    with running_system(frail_stack, tmp_path_factory.mktemp("api")) as system:
        yield system


@pytest.fixture(scope="module")
def api(system: System) -> Iterator[Api]:
    with running_api(system.log.parent, {**system.stack.environment, **TOKENS}) as api:
        yield api


def tell(system: System, topic: str, *events: Event) -> None:
    for said in events:
        system.deployment.producer.send(topic, structured(said)[0])
    system.deployment.producer.flush()


def permissions(api: Api, *names: str, **more: object) -> tuple[int, Any]:
    contacts = [{"contact_id": name} for name in names]
    asked = {"channel": "email", "purpose": "informational", "at": afternoon(), "contacts": contacts, **more}
    return api.ask("/v1/permissions", asked)


def decisions(api: Api, *names: str, **more: object) -> list[str]:
    status, answer = permissions(api, *names, **more)
    assert status == 200, answer
    return [one["decision"] for one in answer["decisions"]]


def until_answered(api: Api) -> None:
    until(lambda: permissions(api, "nobody")[0] == 200, "an answer")


def unsubscribed(contact_id: str) -> Event:
    return event("email.unsubscribed", {"contact_id": contact_id})


def test_what_a_producer_says_is_answered_and_written_down(system: System, api: Api) -> None:
    ada, address = fresh(), f"{fresh()}@example.org"
    until_answered(api)
    with tapped(system.settings, AUDIT_LOG) as audit:
        tell(system, "email-events", event("email.unsubscribed", {"contact_id": ada, "email": address}))
        until(lambda: api.ask(f"/v1/contacts/{ada}")[0] == 200, "the profile")
        until(lambda: api.ask(f"/v1/contacts?email={address}")[0] == 200, "the profile by its address")
        assert decisions(api, ada) == ["deny"]
        told = audit.until(lambda seen: any(b'"permission"' in (one.value or b"") for one in seen), "the record")
    records = [orjson.loads(one.value or b"") for one in told]
    [answer] = next(record["answers"] for record in records if record["what"] == "permission")
    assert (answer["contact_id"], answer["decision"]) == (ada, "deny")
    assert address.encode() not in b"".join(one.value or b"" for one in told)
    assert address not in api.log.read_text()


def test_an_address_that_nobody_has_heard_of_is_suppressed_and_then_denied(
    system: System, redis_server: RedisServer, api: Api, tmp_path: Path
) -> None:
    """Also over a flush: who is unknown is allowed e-mail."""
    address, other = f"{fresh()}@example.org", f"{fresh()}@example.org"
    until_answered(api)
    assert judged(api, address, other) == [("allow", "ok"), ("allow", "ok")]

    sent = harmonia(tmp_path, "contact", "suppress", address, "--anyway", "--json", environment=on(system.stack))
    command = orjson.loads(ended_well(sent).stdout)
    until(lambda: judged(api, address, other) == [("deny", "suppressed"), ("allow", "ok")], "the suppression")
    [denied] = permissions(api, contacts=[{"email": address}])[1]["decisions"]
    assert denied["evidence"] == [{"source": command["source"], "id": command["id"]}]
    status, profile = api.ask(f"/v1/contacts?email={address}")
    assert (status, profile["counts"], profile["first_seen"]) == (200, {}, None)
    redis_server.tell("FLUSHALL")
    until_answered(api)
    assert judged(api, address) == [("deny", "suppressed")]

    back = event("interaction.retracted", {"email": address}, retracts=denied["evidence"][0])
    tell(system, "outreach-events", back)
    until(lambda: judged(api, address) == [("allow", "ok")], "its end")
    assert api.ask(f"/v1/contacts?email={address}")[0] == 404


def test_a_right_that_is_used_on_the_campaigns_site_is_written_down_once_and_an_objection_heeded(
    system: System, api: Api, tmp_path: Path
) -> None:
    address = f"{fresh()}@example.org"
    until_answered(api)
    tell(system, "outreach-events", event("form.submitted", {"email": address}))
    until(lambda: api.ask(f"/v1/contacts?email={address}")[0] == 200, "the profile")
    asked = {"kind": "access", "contact": {"email": address}, "received": f"{datetime.now(UTC) - DAY:%Y-%m-%d}"}
    with tapped(system.settings, AUDIT_LOG) as audit:
        answers = [api.ask("/v1/rights", asked, "form") for _ in range(2)]
        assert [status for status, _ in answers] == [201, 200]
        assert answers[0][1] == answers[1][1]
        status, objection = api.ask("/v1/rights", {"kind": "objection", "contact": {"email": address}}, "form")
        assert (status, objection["stopped"], objection["did"]) == (201, True, ["suppressed"])
        assert judged(api, address) == [("deny", "suppressed")]
        status, closed = api.ask(f"/v1/rights/{objection['request']}/close", {"outcome": "granted"}, "form")
        assert (status, closed["outcome"]) == (200, "granted")
        told = audit.until(lambda seen: b"closed objection" in b"".join(one.value or b"" for one in seen), "a record")
    records = [record for one in told if (record := orjson.loads(one.value or b""))["what"] == "rights"]
    assert sorted(record["detail"].split()[0] for record in records) == ["closed", "open", "open"]
    assert {record["team"] for record in records} == {"site/rights"}
    listed = ended_well(harmonia(tmp_path, "rights", "list", "--all", "--json", environment=on(system.stack))).stdout
    mine = {one["request"]: one for one in orjson.loads(listed)["requests"]}
    assert mine[answers[0][1]["request"]] == answers[0][1]
    assert mine[closed["request"]] == closed
    assert address not in api.log.read_text()
    assert address.encode() not in b"".join(one.value or b"" for one in told)


def judged(api: Api, *addresses: str) -> list[tuple[str, str]]:
    status, answer = permissions(api, contacts=[{"email": address} for address in addresses])
    assert status == 200, answer
    return [(one["decision"], one["reason"]) for one in answer["decisions"]]


def test_a_campaign_is_held_at_once_also_over_a_flush(system: System, redis_server: RedisServer, api: Api) -> None:
    campaign, ada = fresh(), fresh()
    until_answered(api)
    producer = system.deployment.producer
    key, value = hold_record(campaign, None, "operator/test", 0)
    producer.send(CAMPAIGN_HOLDS, value, key).get()
    until(lambda: decisions(api, ada, campaign_id=campaign) == ["deny"], "the hold")
    redis_server.tell("FLUSHALL")
    until_answered(api)
    assert decisions(api, ada, campaign_id=campaign) == ["deny"]
    producer.send(CAMPAIGN_HOLDS, None, lift_record(campaign)[0]).get()
    until(lambda: decisions(api, ada, campaign_id=campaign) == ["allow"], "the end of the hold")


@contextmanager
def load(system: System) -> Iterator[None]:
    """Gifts of new people, some hundred a second."""
    over = threading.Event()

    def give() -> None:
        while not over.wait(0.1):
            tell(system, "donation-events", *(event("donation.made", {"contact_id": fresh()}) for _ in range(30)))

    thread = threading.Thread(target=give)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_of_a_flushed_redis_nobody_is_allowed_until_every_partition_is_back(
    system: System, redis_server: RedisServer, api: Api
) -> None:
    """Who unsubscribed looks like somebody unknown while the profile is missing, and those are allowed e-mail."""
    stopped = [fresh() for _ in range(STOPPED)]
    until_answered(api)
    assert decisions(api, *stopped) == ["allow"] * STOPPED
    tell(system, "email-events", *map(unsubscribed, stopped))
    until(lambda: decisions(api, *stopped) == ["deny"] * STOPPED, "all of them denied")
    assert [api.probe(path) for path in ("livez", "readyz")] == [(200, "alive\n"), (200, "ready\n")]
    with load(system):
        for _ in range(3):
            redis_server.tell("FLUSHALL")
            refused = until_denied(api, stopped)
            assert {code for _, code in refused} == {"profiles_incomplete"}
    assert sample(api.metrics, "harmonia_api_incomplete_total") > 0


def until_denied(api: Api, stopped: list[str]) -> list[tuple[int, str]]:
    """Ask until there are answers, and what came before; the first answers must deny all."""
    refused: list[tuple[int, str]] = []

    def look() -> bool:
        status, answer = permissions(api, *stopped)
        if status == 200:
            assert [one["decision"] for one in answer["decisions"]] == ["deny"] * STOPPED
            return True
        refused.append((status, answer["code"]))
        return False

    until(look, f"an answer, {sample(api.metrics, 'harmonia_api_incomplete_total')} times there was none")
    assert refused
    return refused


def test_after_a_flush_nobody_is_allowed_while_a_reservation_from_before_may_last(
    system: System, redis_server: RedisServer, api: Api
) -> None:
    """What was reserved is gone with it; that something was is in Kafka. The last but one: it lasts for minutes."""
    ada = fresh()
    until_answered(api)
    assert reasons(api, ada) & {"ok", "hours"}
    before = time.time()
    assert reasons(api, ada, reserve=60) & {"ok", "hours"}
    assert reasons(api, ada) & {"ok", "hours"}
    redis_server.tell("FLUSHALL")
    until_answered(api)
    status, answer = permissions(api, ada, at=None)
    [found] = answer["decisions"]
    assert (status, found["decision"], found["reason"]) == (200, "defer", "reservations_unknown")
    assert datetime.fromisoformat(found["earliest_at"]).timestamp() >= before + 60
    held = harmonia(api.log.parent, "hold", "--list", "--json", environment=on(system.stack))
    assert b"reservations" not in ended_well(held).stdout


def reasons(api: Api, contact_id: str, **more: object) -> set[str]:
    """Of an answer about now, at whatever hour that is."""
    status, answer = permissions(api, contact_id, at=None, **more)
    assert status == 200, answer
    return {one["reason"] for one in answer["decisions"]}


def test_when_no_worker_looks_after_redis_there_is_no_answer(system: System, api: Api) -> None:
    """The last of this file: afterwards the system has no worker."""
    until_answered(api)
    system.workers.stop()
    status, answer = until(lambda: None if (found := permissions(api, "ada"))[0] == 200 else found, "no answer")
    assert (status, answer["code"]) == (503, "profiles_incomplete")
    assert "too old" in answer["detail"]
    assert [api.probe(path)[0] for path in ("livez", "readyz")] == [200, 503]
    assert "profiles_incomplete" in api.probe("readyz")[1]
