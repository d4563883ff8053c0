"""A question that is wrong is refused, and each mistake named with its field and its cure, in words of ours."""

import asyncio

import orjson
import pytest
from redis.asyncio import Redis
from starlette.types import Message

from sinks.results import ResultsSink
from sinks.segments import SegmentsSink
from streams.services.api.bodies import BodyReader
from streams.services.api.permission_request import read_permission_request
from tests.contract.api.desk import Desk, known
from tests.contract.whole_redis import Filling
from tests.contract.whole_results import fill
from tests.contract.whole_segments import fill_segments

ASKED = {"channel": "email", "purpose": "fundraising", "contacts": [{"contact_id": "ada"}]}
ID = "give a text of 1 to 256 characters"
A_PERSON = "give an object that says contact_id, voter_id, external, email or phone"
EXTERNAL = 'give an object of up to 16 ids by their system, such as {"van": "123"}'
VOTER = "give <state>:<id>, such as NY:77, 256 characters at most"
CONTACT_ID = "give 1 to 64 of letters, digits and _ . : -"
TIME = "give an RFC 3339 time with an offset, such as 2026-02-22T19:00:00Z"
SECONDS = "give whole seconds, 1 to 86400"
PERSONS = "known are contact_id, voter_id, external, email, phone"


@pytest.fixture
async def whole(filling: Filling, results: ResultsSink, segments: SegmentsSink) -> SegmentsSink:
    """A Redis that lacks nothing and knows one person and one segment."""
    await filling.all([known("ada")])
    await fill(results)
    await fill_segments(segments, {"donors": []})
    return segments


async def mistakes(desk: Desk, body: object, status: int = 422) -> list[tuple[str, str]]:
    answer = await desk.post(body)
    assert answer.status == status
    assert (answer.json["code"], answer.json["type"]) == ("invalid", "urn:harmonia:problem:invalid")
    assert b"secret" not in answer.body
    told = [(one["field"], one["cure"]) for one in answer.json["mistakes"]]
    assert answer.json["detail"] == "; ".join(f"{field}: {cure}" for field, cure in told)
    return told


@pytest.mark.parametrize(
    ("wrong", "field", "cure"),
    [
        ({"channel": "fax"}, "channel", "give email, text, phone, door or letter"),
        ({"channel": 7}, "channel", "give email, text, phone, door or letter"),
        ({"purpose": None}, "purpose", "give fundraising, mobilisation, informational or transactional"),
        ({"contacts": []}, "contacts", "give a list of 1 to 10000 people"),
        ({"contacts": {"email": "secret@example.org"}}, "contacts", "give a list of 1 to 10000 people"),
        ({"contacts": ["secret@example.org"]}, "contacts[0]", A_PERSON),
        ({"contacts": [{"contact_id": "ada"}, {"contact_id": "no secret"}]}, "contacts[1].contact_id", CONTACT_ID),
        ({"contacts": [{"email": 7}]}, "contacts[0].email", "give an e-mail address, 1024 characters at most"),
        ({"contacts": [{"phone": ""}]}, "contacts[0].phone", "give a phone number, 1024 characters at most"),
        ({"contacts": [{"voter_id": 7}]}, "contacts[0].voter_id", VOTER),
        ({"contacts": [{"external": "van:7"}]}, "contacts[0].external", EXTERNAL),
        ({"contacts": [{"external": {"van": 7}}]}, "contacts[0].external.van", EXTERNAL),
        ({"at": "yesterday"}, "at", TIME),
        ({"at": "0001-01-01T00:00:00Z"}, "at", TIME),
        ({"at": 1_770_224_400}, "at", TIME),
        ({"reserve": 0}, "reserve", SECONDS),
        ({"reserve": "60"}, "reserve", SECONDS),
        ({"reserve": 60.5}, "reserve", SECONDS),
        ({"reserve": 100_000}, "reserve", SECONDS),
        ({"sender": ""}, "sender", "give a text of 1 to 1024 characters"),
        *(({name: 7}, name, ID) for name in ("team", "source", "committee", "election", "campaign_id", "list_id")),
    ],
)  # fmt: skip
async def test_a_value_that_cannot_be_meant_is_refused(
    desk: Desk, filling: Filling, wrong: dict[str, object], field: str, cure: str
) -> None:
    await filling.all()
    assert await mistakes(desk, {**ASKED, **wrong}) == [(field, cure)]


@pytest.mark.parametrize(
    ("wrong", "field", "cure"),
    [
        ({"chanel": "text"}, "chanel", "is not known here; did you mean channel?"),
        ({"sendr": "+12125550100"}, "sendr", "is not known here; did you mean sender?"),
        ({"Campaign_ID": "gotv"}, "Campaign_ID", "is not known here; did you mean campaign_id?"),
        ({"reserved": 60}, "reserved", "is not known here; did you mean reserve?"),
        ({"contacts": [{"emial": "secret@b.org"}]}, "contacts[0].emial", "is not known here; did you mean email?"),
        ({"contacts": [{"van": "123"}]}, "contacts[0].van", f"is not known here; {PERSONS}"),
        ({"contacts": [{"secret@example.org": 1}]}, "contacts[0].(an unknown field)", f"is not known here; {PERSONS}"),
        ({"contacts": [{"secret 2125550123": 1}]}, "contacts[0].(an unknown field)", f"is not known here; {PERSONS}"),
    ],
)  # fmt: skip
async def test_a_field_that_nobody_knows_is_named_and_never_passed_over(
    desk: Desk, filling: Filling, wrong: dict[str, object], field: str, cure: str
) -> None:
    """Who misspells the sender would else be told that whoever stopped that sender may be reached by it."""
    await filling.all([known("ada")])
    assert await mistakes(desk, {**ASKED, **wrong}) == [(field, cure)]
    assert desk.audited() == []


async def test_every_mistake_is_told_up_to_ten(desk: Desk) -> None:
    assert await mistakes(desk, {"chanel": "email", "contacts": [{}]}) == [
        ("channel", "is missing; give email, text, phone, door or letter"),
        ("purpose", "is missing; give fundraising, mobilisation, informational or transactional"),
        ("chanel", "is not known here; did you mean channel?"),
    ]
    assert len(await mistakes(desk, {**ASKED, "contacts": [7] * 20})) == 10


@pytest.mark.parametrize(
    ("body", "cure"),
    [
        (b"", "is not JSON; send one object, in UTF-8"),
        (b"[", "is not JSON; send one object, in UTF-8"),
        (b'{"channel": "\xff"}', "is not JSON; send one object, in UTF-8"),
        (b'{"channel\xff": "email"}', "is not JSON; send one object, in UTF-8"),
        (b'{"\xed\xa0\x80": 1}', "is not JSON; send one object, in UTF-8"),
        (b'{"\\ud800": 1}', "is not JSON; send one object, in UTF-8"),
        (b'{"\\udc00\\u0041": 1}', "is not JSON; send one object, in UTF-8"),
        (b"[]", "send an object with channel, purpose and contacts"),
        (b'"secret"', "send an object with channel, purpose and contacts"),
    ],
)
async def test_a_body_that_is_no_permission_request_is_refused(desk: Desk, body: bytes, cure: str) -> None:
    assert await mistakes(desk, body) == [("the body", cure)]


@pytest.mark.parametrize(
    ("path", "token"),
    [
        ("/v1/permissions", "digital"),
        ("/v1/segments/givers/permissions", "lister"),
        ("/v1/segments/preview", "digital"),
        ("/v1/rights", "site"),
        ("/v1/rights/none/extend", "site"),
        ("/v1/rights/none/close", "site"),
    ],
)
async def test_field_names_that_are_no_utf_8_are_refused_by_every_route(desk: Desk, path: str, token: str) -> None:
    for body in (b'{"\xff": 1}', b'{"\xed\xa0\x80": 1}', b'{"\\ud800": 1}', b'{"\\udc00aaaaaa": 1}'):
        answer = await desk.post(body, token, path)
        assert (answer.status, answer.json["code"]) == (422, "invalid")


async def test_a_body_that_is_too_large_is_not_read(desk: Desk) -> None:
    assert (await desk.post(b" " * (9 << 20))).status == 413


@pytest.mark.parametrize(
    ("where", "one"), [(b"%b", b"[],"), (b'{"contacts":%b}', b"{},"), (b'{"channel":"email","x":%b}', b'"",')]
)
async def test_a_body_of_more_values_than_people_can_have_is_not_built(desk: Desk, where: bytes, one: bytes) -> None:
    answer = await desk.post(where % (b"[" + one * 1_000_000 + b"0]"))
    assert (answer.status, answer.json["code"]) == (413, "too_large")


async def test_of_many_people_with_mistakes_only_the_first_are_looked_at(desk: Desk) -> None:
    somebody = {f"x{number}": 1 for number in range(200)}
    told = await mistakes(desk, {**ASKED, "contacts": [{"contact_id": "ada"}, *[somebody] * 1_000]})
    assert [field for field, _ in told] == ["contacts[1].(an unknown field)"] * 10


async def test_nobody_waits_for_a_long_question_to_be_read() -> None:
    """Others have their turn while it is, as often as so many people need."""
    turns = 0

    async def another() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(another())
    people = [{"email": f"ada{number}@example.org"} for number in range(10_000)]
    read = await read_permission_request(orjson.dumps({**ASKED, "contacts": people}))
    beside.cancel()

    assert [one.email for one in read.contacts] == [one["email"] for one in people]
    assert turns > 5


QUERIES = [
    ("/v1/contacts", "the query", ""),
    ("/v1/contacts?email=a@b.org&phone=2125550123", "the query", ""),
    ("/v1/contacts?email=a@b.org&email=c@d.org", "email", "give it once"),
    ("/v1/contacts?email=nobody", "email", "cannot be read as one; give an e-mail address"),
    ("/v1/contacts?voter_id=77", "voter_id", "cannot be read as one; give <state>:<id>, such as NY:123"),
    ("/v1/contacts?external=van", "external", "cannot be read as one; give <system>:<id>, such as van:123"),
    ("/v1/contacts?emial=a@b.org", "emial", "is not known here; did you mean email?"),
    ("/v1/contacts?email=a@b.org&voterid=NY:7", "voterid", "is not known here; did you mean voter_id?"),
    ("/v1/contacts/ada?email=a@b.org", "email", "is not known here; leave it out"),
    ("/v1/contacts/ada?secret@b.org", "(an unknown field)", "is not known here; leave it out"),
    ("/v1/experiments?status=over", "status", "give running, ended or recounting"),
    ("/v1/experiments?status=ended&status=running", "status", "give it once"),
    ("/v1/experiments?statu=ended", "statu", "is not known here; did you mean status?"),
    ("/v1/insights", "metric", "give one of ballot.reported, "),
    ("/v1/insights?metric=contact.erased", "metric", "give one of ballot.reported, "),
    ("/v1/insights?metric=net&channel=email", "channel", "money has none: leave it out"),
    ("/v1/insights?metric=net&from=2012-02-22&to=2012-02-21", "from", "give a time before `to`"),
    ("/v1/insights?metric=net&metric=gross", "metric", "give it once"),
    ("/v1/insights?metric=net&campain=gotv", "campain", "is not known here; did you mean campaign?"),
    ("/v1/insights?metric=net&team=%00", "team", "give a text of 1 to 256 characters"),
    ("/v1/segments?id=x", "id", "is not known here; leave it out"),
    ("/v1/segments/a b", "segment_id", "give 1 to 64 letters, digits or . _ -"),
    (
        "/v1/segments/donors/members?after=x",
        "after",
        "give what `next` of the page before is, or leave it out to begin",
    ),
    (
        "/v1/segments/donors/members?after=1,2",
        "after",
        "give what `next` of the page before is, or leave it out to begin",
    ),
    ("/v1/segments/donors/members?limit=0", "limit", "give a whole number, 1 to 10000"),
    ("/v1/segments/donors/members?limit=many", "limit", "give a whole number, 1 to 10000"),
    ("/v1/segments/donors/members?limit=1&limit=2", "limit", "give it once"),
    ("/v1/segments/donors/members?afterr=x", "afterr", "is not known here; did you mean after?"),
]


@pytest.mark.parametrize(("asked", "field", "cure"), QUERIES)
async def test_what_a_query_says_that_cannot_be_meant_is_named_with_its_cure_and_written_down_nowhere(
    desk: Desk, whole: SegmentsSink, asked: str, field: str, cure: str
) -> None:
    path, _, query = asked.partition("?")
    answer = await desk.get(path, "lister", query)
    assert (answer.status, answer.json["code"]) == (422, "invalid")
    [mistake] = answer.json["mistakes"]
    assert mistake["field"] == field
    assert mistake["cure"].startswith(cure)
    assert b"secret" not in answer.body
    assert desk.audited() == []


async def test_a_compressed_body_is_refused_as_no_json(desk: Desk) -> None:
    answer = await desk.post_packed(orjson.dumps(ASKED))
    assert (answer.status, answer.json["code"]) == (415, "not_json")


async def test_bodies_that_are_being_sent_have_a_limit_together(redis_client: Redis) -> None:
    """Each may have 8 MiB, and one token may send many at once. Whichever has been sent longest is ended."""
    desk = Desk(redis_client, bodies=BodyReader(at_once=20, patience_s=60))
    waits, never = asyncio.Event(), asyncio.Event()

    async def stalled() -> Message:
        if waits.is_set():
            await never.wait()
        waits.set()
        return {"type": "http.request", "body": b"x" * 15, "more_body": True}

    slow = asyncio.create_task(desk.post_slowly(stalled))
    await waits.wait()
    after = await desk.post(b"x" * 15)
    answer = await slow

    assert (answer.status, answer.json["code"], answer.headers["retry-after"]) == (503, "busy", "2")
    assert after.status == 422


async def test_a_body_that_does_not_come_in_time_is_not_waited_for(redis_client: Redis) -> None:
    desk = Desk(redis_client, bodies=BodyReader(patience_s=0.01))

    async def never() -> Message:
        await asyncio.Event().wait()
        return {}

    answer = await desk.post_slowly(never)
    assert (answer.status, answer.json["code"]) == (408, "slow")


async def test_a_permission_request_with_a_query_is_refused(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    answer = await desk.post(ASKED, query="reserve=60")
    assert (answer.status, answer.json["mistakes"][0]["field"]) == (422, "reserve")
