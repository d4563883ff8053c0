"""The pages of rights and of privacy."""

import re
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path

import msgspec
import orjson
import pytest
from redis.asyncio import Redis

from sinks.base import ContactChange
from streams.domain.rights.requests import RightsDesk, RightsRequest
from streams.domain.rights.steps import RequestAnswered, RequestCount, RequestOpened, RequestStep
from streams.history.insights.own_process import NoAnswer
from streams.platform.errors import MissingTopic
from streams.services.console.acting import requests
from streams.services.console.acting.request import ActRequest
from streams.services.console.outcomes import Outcome, done_as_shown, unsure
from streams.services.console.rights import Scope, Viewer
from streams.services.console.roles import Role
from streams.services.contact_decisions.commands import Decision
from streams.services.rights_desk import answering
from streams.services.rights_desk.answering import Deciding
from tests.contract.console.signed_in_console import SignedInConsole, Written, fill_people
from tests.contract.redis_server import RedisServer

LATE = RightsRequest("aa" * 10, "access", "van.1", date(2012, 10, 2), date(2012, 11, 2), ())
EARLY = RightsRequest("bb" * 10, "erasure", "van.2", date(2012, 11, 1), date(2012, 12, 1), ())
CLOSED = RightsRequest(
    *("cc" * 10, "objection", None, date(2012, 11, 1), date(2012, 12, 1), ()),
    closed=date(2012, 11, 2),
    outcome="not_identified",
    reference="letters/17",
)
COUNT = RequestCount(kind="access", year=2012, outcome="erased", in_time=True)
MERGED = RightsRequest("dd" * 10, "rectification", "van.3", date(2012, 11, 3), date(2012, 12, 3), ())
DESK = RightsDesk({one.id: one for one in (LATE, EARLY, MERGED, CLOSED)}, {"counted/1": COUNT})
DPO = Viewer("dora", frozenset({"privacy"}))


@pytest.fixture
async def console(redis_client: Redis, redis_server: RedisServer, tmp_path: Path, written: Written) -> SignedInConsole:
    profile = orjson.dumps({"zones": {"region": None}, "stops": {"senders": {}, "lists": {}}, "counts": {}})
    absorbed = ContactChange("van.3", 1, None, "merged", "van.1")
    await fill_people(redis_server, ContactChange("van.1", 1, profile, None, None), absorbed)
    found = SignedInConsole(redis_client, tmp_path, audit=written)
    found.use(requests=lambda: DESK)
    return found


async def test_the_list_has_days_and_no_names_and_one_request_is_a_look_at_its_person(
    console: SignedInConsole, written: Written
) -> None:
    async with console.browser(DPO) as browser:
        page = (await browser.get("/rights?contact=van.7")).text
        for text in ("1 person was not told in time", "overdue by 4 days", "25 days left", "1 request is forgotten"):
            assert text in page
        assert page.index(">aaaaaaaa<") < page.index(">bbbbbbbb<")
        assert "van.1" not in page
        assert 'value="van.7"' in page
        assert written.records == []
        one = (await browser.get(f"/rights/{LATE.id}")).text
        assert "/rights/download" in one
        assert "/rights/extend" not in one  # the month is over
        assert "/rights/close" not in (await browser.get(f"/rights/{CLOSED.id}")).text
    [look] = written.records
    assert (look["what"], look["reason"]) == ("read", "rights")
    assert [answer["contact_id"] for answer in look["answers"]] == ["van.1"]


async def test_of_closed_ones_the_latest_are_shown_and_the_others_counted(console: SignedInConsole) -> None:
    closed = [
        RightsRequest(f"{day:020x}", "access", None, date(2012, 9, 1), date(2012, 10, 1), (), closed=date(2012, 9, day))
        for day in range(1, 31)
    ]
    closed += [msgspec.structs.replace(one, id=f"{number:02}{one.id[2:]}") for number in (10, 20, 30) for one in closed]
    console.use(requests=lambda: RightsDesk({one.id: one for one in (*closed, LATE)}, {}))
    async with console.browser(DPO) as browser:
        page = (await browser.get("/rights")).text
    assert page.count('href="/rights/') == 101
    assert "20 requests that were closed earlier" in page
    assert f"/rights/{closed[29].id}" in page
    assert f"/rights/{closed[0].id}" not in page


async def test_who_sees_a_part_sees_no_request(console: SignedInConsole) -> None:
    of_ohio = Viewer("otto", frozenset({"privacy"}), Scope(regions=frozenset({"US-OH"})))
    async with console.browser(of_ohio) as browser:
        assert "aaaaaaaa" not in (await browser.get("/rights")).text
        assert (await browser.get(f"/rights/{LATE.id}")).status_code == 404
        answer = await console.post(browser, "/rights/close", request=LATE.id, outcome="granted")
        assert answer.status_code == 403


@pytest.mark.parametrize(
    ("path", "form", "refusal"),
    [
        ("/rights/open", {"kind": "curiosity"}, (422, "Say which right they use")),
        ("/rights/open", {"kind": "access", "received": "2012-11-09"}, (422, "today at the latest")),
        ("/rights/open", {"kind": "access", "received": "1012-11-06"}, (422, "of the last ten years")),
        ("/rights/open", {"kind": "objection"}, (422, "An objection needs the contact id")),
        ("/rights/open", {"kind": "access", "contact": "van.1"}, (409, "is open already")),
        ("/rights/open", {"kind": "access", "contact": "van.3"}, (409, "is open already")),
        ("/rights/open", {"kind": "rectification", "contact": "van.1"}, (409, "is open already")),
        ("/rights/open", {"kind": "access", "contact": "van.9"}, (404, "Nobody is known by a contact id")),
        ("/rights/extend", {"request": LATE.id, "reason": "number"}, (409, "The month is over")),
        ("/rights/extend", {"request": EARLY.id, "reason": "holiday"}, (422, "Say why it takes longer")),
        ("/rights/close", {"request": CLOSED.id, "outcome": "granted"}, (409, "This request is closed")),
        ("/rights/close", {"request": EARLY.id, "outcome": "granted", "reference": "to ada@x"}, (422, "letters/17")),
        ("/rights/close", {"request": "ee" * 10, "outcome": "granted"}, (404, "No such request")),
        ("/rights/download", {"request": EARLY.id}, (409, "not done about a request of this kind")),
    ],
)
async def test_what_would_not_count_is_refused_and_nothing_is_written_down(
    console: SignedInConsole, written: Written, path: str, form: dict[str, str], refusal: tuple[int, str]
) -> None:
    async with console.browser(DPO) as browser:
        answer = await console.post(browser, path, **form)
    status, told = refusal
    assert answer.status_code == status
    assert told in answer.text
    assert [record for record in written.records if record["what"] != "read"] == []


@pytest.mark.parametrize(
    ("became", "is_stopped", "status"),
    [
        (done_as_shown("/rights"), True, 303),
        (unsure("Not sure that it was sent", "Kafka did not say that it has it, so do not rely on it."), False, 503),
    ],
)
async def test_an_objection_is_of_who_was_named_and_said_to_be_heeded_only_where_the_stop_was_seen(
    console: SignedInConsole, monkeypatch: pytest.MonkeyPatch, became: Outcome, is_stopped: bool, status: int
) -> None:
    written: list[tuple[RequestOpened, bool]] = []
    stopped: list[str] = []

    async def decided(_: ActRequest, decision: Decision, *__: object) -> Outcome:
        stopped.extend(decision.words)
        return became

    def opened(_: Deciding, request: str, step: RequestOpened, *, is_stopped: bool) -> None:
        written.append((step, is_stopped))

    monkeypatch.setattr(requests, "decide", decided)
    monkeypatch.setattr(requests, "kept_from_sending", kafka_answers)
    monkeypatch.setattr(Deciding, "open", opened)
    async with console.browser(DPO) as browser:
        answer = await console.post(browser, "/rights/open", kind="objection", contact="van.3")
    assert answer.status_code == status
    [(step, was_stopped)] = written
    assert (step.contact_id, stopped, was_stopped) == ("van.3", ["van.3"], is_stopped)


async def kafka_answers(*_: object) -> None:
    """What is told while Kafka can be reached: nothing keeps an act from being sent."""


@pytest.mark.parametrize("is_seen", [True, False], ids=["seen", "unseen"])
async def test_an_objection_that_comes_again_under_another_id_is_heeded_under_that_of_before_too(
    console: SignedInConsole, written: Written, monkeypatch: pytest.MonkeyPatch, is_seen: bool
) -> None:
    """A stop stays with the id that it was sent to: parted, they who objected before would be written to again."""
    stopped: list[str] = []
    taken: list[RequestStep] = []

    async def decided(_: ActRequest, decision: Decision, *__: object) -> Outcome:
        stopped.extend(decision.words)
        return done_as_shown(f"/rights/{asked.id}")

    def stop(_: object, decision: Decision, *__: object) -> bool:
        stopped.extend(decision.words)
        return is_seen

    monkeypatch.setattr(requests, "decide", decided)
    monkeypatch.setattr(answering, "send_and_wait", stop)
    monkeypatch.setattr(requests, "kept_from_sending", kafka_answers)
    monkeypatch.setattr(Deciding, "take", lambda _, __, step: taken.append(step))
    asked = RightsRequest("dd" * 10, "objection", "van.3", date(2012, 11, 1), date(2012, 12, 1), ())
    console.use(requests=lambda: RightsDesk({asked.id: asked}, {}))
    async with console.browser(DPO) as browser:
        page = (await browser.get(f"/rights/{asked.id}")).text
        answer = await console.post(browser, "/rights/open", kind="objection", contact="van.1")
    assert "Stop all contact once more" in page
    assert "Nobody has seen yet that it is stopped." in page
    assert stopped == ["van.1", "van.3"]
    assert [step.did for step in taken if isinstance(step, RequestAnswered)] == [("suppressed",)] * is_seen
    assert answer.status_code == (303 if is_seen else 503)
    assert ("not yet under each id" in answer.text) == (not is_seen)
    assert [answer["contact_id"] for answer in written.records[-1]["answers"]] == ["van.1", "van.3"]


ASKED = RightsRequest("dd" * 10, "access", "van.3", date(2012, 11, 1), date(2012, 12, 1), ())


def shown_by(page: str) -> str:
    """What the form of a page says of the ids that it shows."""
    found = re.search('name="shown" value="([0-9a-f]*)"', page)
    return found[1] if found else ""


def profile_with(*merged: str) -> bytes:
    return orjson.dumps({"zones": {"region": None}, "stops": {"senders": {}}, "counts": {}, "merged_from": [*merged]})


async def test_who_a_request_leads_to_by_now_is_shown_and_given_out_where_somebody_says_that_it_is_they(
    console: SignedInConsole, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unread(*_: object) -> bytes:
        raise NoAnswer("no topic is read here")

    monkeypatch.setattr(requests, "held_of", unread)
    lone = RightsRequest("ee" * 10, "access", "van.1", date(2012, 11, 1), date(2012, 12, 1), ())
    console.use(requests=lambda: RightsDesk({one.id: one for one in (ASKED, lone)}, {}))
    async with console.browser(DPO) as browser:
        page = (await browser.get(f"/rights/{ASKED.id}")).text
        unsaid = await console.post(browser, "/rights/download", request=ASKED.id, shown=shown_by(page))
        unseen = await console.post(browser, "/rights/download", request=ASKED.id, theirs="yes")
        given = await console.post(browser, "/rights/download", request=ASKED.id, theirs="yes", shown=shown_by(page))
        page_of_one = (await browser.get(f"/rights/{lone.id}")).text
        given_of_one = await console.post(browser, "/rights/download", request=lone.id, shown=shown_by(page_of_one))
        unseen_of_one = await console.post(browser, "/rights/download", request=lone.id)
    shown = page.index("Who that is by now")
    assert shown < page.index('href="/people/van.1"') < page.index('name="theirs"')
    assert (unsaid.status_code, "say that it is they who asked" in unsaid.text) == (422, True)
    assert (unseen.status_code, "by other ids now than you were shown" in unseen.text) == (422, True)
    # nothing but the reading was left to do
    assert (given.status_code, given_of_one.status_code, unseen_of_one.status_code) == (503, 503, 503)
    assert "Who that is by now" not in page_of_one
    assert 'name="theirs"' not in page_of_one
    told = [(record["what"], [answer["contact_id"] for answer in record["answers"]]) for record in written.records]
    assert told == [
        ("read", ["van.1", "van.3"]),
        ("answer_request", ["van.1", "van.3"]),
        ("read", ["van.1"]),
        ("answer_request", ["van.1"]),
        ("answer_request", ["van.1"]),
    ]


async def test_who_was_linked_with_somebody_since_the_page_was_shown_is_looked_at_again_before_anything_is_given_out(
    console: SignedInConsole, redis_client: Redis, written: Written
) -> None:
    """Such a page stays open while people telephone. And who was parted since is somebody else as well."""
    lone = RightsRequest("ee" * 10, "access", "van.1", date(2012, 11, 1), date(2012, 12, 1), ())
    console.use(requests=lambda: RightsDesk({one.id: one for one in (ASKED, lone)}, {}))
    async with console.browser(DPO) as browser:
        page = (await browser.get(f"/rights/{ASKED.id}")).text
        await redis_client.hset("contact:van.1", "state", profile_with("van.3", "van.4"))
        linked = await console.post(browser, "/rights/download", request=ASKED.id, theirs="yes", shown=shown_by(page))
        page = (await browser.get(f"/rights/{lone.id}")).text
        await redis_client.hset("contact:van.1", "state", profile_with())
        parted = await console.post(browser, "/rights/download", request=lone.id, theirs="yes", shown=shown_by(page))
    for refused in (linked, parted):
        assert (refused.status_code, "by other ids now than you were shown" in refused.text) == (422, True)
    assert [record["what"] for record in written.records] == ["read", "read"]


Reading = Callable[[Redis], Awaitable[bytes]]


async def as_it_was(_: Redis) -> bytes:
    return profile_with("van.3")


async def of_somebody_else_too(_: Redis) -> bytes:
    return profile_with("van.3", "van.4")


async def linked_while_it_was_read(redis: Redis) -> bytes:
    await redis.hset("contact:van.1", "state", profile_with("van.3", "van.4"))
    return profile_with("van.3")


async def from_a_redis_that_lacks_something_by_then(redis: Redis) -> bytes:
    await redis.delete(*[key async for key in redis.scan_iter("sink:contact-state:*")])
    return profile_with("van.3")


@pytest.mark.parametrize(
    ("reading", "status"),
    [
        (as_it_was, 200),
        (of_somebody_else_too, 422),
        (linked_while_it_was_read, 422),
        (from_a_redis_that_lacks_something_by_then, 503),
    ],
)
async def test_what_was_read_is_given_out_where_it_is_of_the_ids_that_were_shown_and_of_no_others(
    console: SignedInConsole, redis_client: Redis, monkeypatch: pytest.MonkeyPatch, reading: Reading, status: int
) -> None:
    taken: list[RequestStep] = []

    async def held(*_: object) -> bytes:
        return orjson.dumps({"contact_id": "van.1", "profile": orjson.loads(await reading(redis_client))})

    monkeypatch.setattr(requests, "held_of", held)
    monkeypatch.setattr(requests, "bundle_of", lambda *_: {"index.html": b"held"})
    monkeypatch.setattr(requests, "kept_from_sending", kafka_answers)
    monkeypatch.setattr(Deciding, "take", lambda _, __, step: taken.append(step))
    console.use(requests=lambda: RightsDesk({ASKED.id: ASKED}, {}))
    async with console.browser(DPO) as browser:
        page = (await browser.get(f"/rights/{ASKED.id}")).text
        answer = await console.post(browser, "/rights/download", request=ASKED.id, theirs="yes", shown=shown_by(page))
    assert answer.status_code == status
    assert (answer.headers["content-type"] == "application/zip", len(taken)) == ((status == 200), int(status == 200))


async def test_without_a_topic_of_requests_the_page_says_what_makes_one(console: SignedInConsole) -> None:
    def missing() -> RightsDesk:
        raise MissingTopic("rights-requests")

    console.use(requests=missing)
    async with console.browser(DPO) as browser:
        assert "whoever operates Harmonia makes it" in (await browser.get("/rights")).text
        assert (await browser.get(f"/rights/{LATE.id}")).status_code == 503


PRIVACY: frozenset[Role] = frozenset({"privacy"})
OHIO = Scope(regions=frozenset({"US-OH"}))


async def test_who_sees_a_part_is_told_why_and_gets_no_page_that_names_anybody(evening: SignedInConsole) -> None:
    async with evening.browser(Viewer("ohio", PRIVACY, OHIO)) as browser:
        page = await browser.get("/privacy")
        assert "whoever sees some of these only does not see them" in page.text
        assert "nadia" not in page.text
        for path in ("/privacy/viewers/nadia", "/privacy/people/van.1"):
            assert (await browser.get(path)).status_code == 404


async def test_whom_somebody_looked_at_is_told_after_a_reason_and_never_where_it_cannot_be_written_down(
    evening: SignedInConsole, written: Written
) -> None:
    async with evening.browser(Viewer("zoe", PRIVACY)) as browser:
        first = await browser.get("/privacy/viewers/nadia")
        assert "Why do you look?" in first.text
        assert written.records == []
        assert (await evening.post(browser, "/privacy/reason", viewer="nadia", reason="curious")).status_code == 422
        said = await evening.post(browser, "/privacy/reason", viewer="nadia", reason="rights")
        assert (said.status_code, said.headers["location"]) == (303, "/privacy/viewers/nadia")
        then = await browser.get("/privacy/viewers/nadia")
        [record] = written.records
        named = {answer["contact_id"] for answer in record["answers"]}
        assert named
        assert all(f"/people/{name}" in then.text for name in named)
        assert "They called or wrote" in (await browser.get(f"/privacy/people/{min(named)}")).text
        assert written.records[-1]["answers"][0]["contact_id"] == min(named)
        written.is_away = True
        away, at_one = await browser.get("/privacy/viewers/nadia"), await browser.get(f"/privacy/people/{min(named)}")
    assert at_one.status_code == 503
    assert not [name for name in named for page in (first, away, at_one) if name in page.text.partition("<main")[2]]
