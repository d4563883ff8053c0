"""Who is in which segment, over HTTP, and never from a Redis that may lack somebody."""

import pytest
from redis.asyncio import Redis

from events.times import render_time
from events.topics import CONTACT_SEGMENTS
from sinks.base import Position
from sinks.keys import kept_members_key, position_key
from sinks.segments import SegmentsSink
from tests.contract.api.desk import Answer, Desk, known
from tests.contract.contact_sink import TOPIC, erased, merged
from tests.contract.whole_redis import Filling
from tests.contract.whole_segments import EDITION, SINCE, fill_segments, memberships

PEOPLE = [f"p{number}" for number in range(25)]
ASKED = {"channel": "email", "purpose": "fundraising"}
PATHS = ["/v1/segments", "/v1/segments/donors", "/v1/segments/donors/members", "/v1/contacts/ada/segments"]


async def members(desk: Desk, segment: str = "donors", query: str = "") -> Answer:
    return await desk.get(f"/v1/segments/{segment}/members", "lister", query)


async def test_segments_are_listed_with_their_definitions_and_counts_of_all_partitions(
    desk: Desk, segments: SegmentsSink
) -> None:
    await fill_segments(segments, {"donors": PEOPLE, "readers": PEOPLE[:3]}, without_list=["readers"])
    answer = await desk.get("/v1/segments")
    assert answer.status == 200
    donors, readers = answer.json["segments"]
    assert donors == {
        "definition": {"id": "donors", "owner": "field", "members": True, "all": [{"tag": "volunteer"}]},
        "counts": {
            "edition": EDITION,
            "state": "complete",
            "members": 25,
            "entered": 25,
            "left": 0,
            "as_of": render_time(SINCE),
            "partitions": 4,
        },
        "members_kept": "kept",
    }
    assert (readers["counts"]["members"], readers["members_kept"]) == (3, "no")
    assert (await desk.get("/v1/segments/donors")).json == donors


async def test_while_everybody_is_judged_anew_the_counts_say_filling(desk: Desk, segments: SegmentsSink) -> None:
    await fill_segments(segments, {"donors": PEOPLE[:2]}, state="filling")
    assert (await desk.get("/v1/segments/donors")).json["counts"]["state"] == "filling"
    assert (await members(desk)).json["state"] == "filling"


async def test_an_unknown_segment_is_told_with_the_one_that_is_spelled_alike(
    desk: Desk, segments: SegmentsSink
) -> None:
    await fill_segments(segments, {"donors": []})
    near, far = await desk.get("/v1/segments/doners"), await members(desk, "zzz")
    assert [(answer.status, answer.json["code"]) for answer in (near, far)] == [(404, "not_found")] * 2
    assert near.json["detail"] == "No segment of this id is defined; did you mean donors?"
    assert far.json["detail"] == "No segment of this id is defined"


@pytest.mark.parametrize("limit", [4, 25])
async def test_pages_of_members_have_everybody_once(desk: Desk, segments: SegmentsSink, limit: int) -> None:
    await fill_segments(segments, {"donors": PEOPLE})
    seen: dict[str, str] = {}
    after, pages = "", 0
    while True:
        page = (await members(desk, query=f"limit={limit}{after}")).json
        assert page["members"] == 25
        assert len(page["contacts"]) <= limit
        seen |= {each["contact_id"]: each["since"] for each in page["contacts"]}
        pages += 1
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == {name: render_time(SINCE + at) for at, name in enumerate(PEOPLE)}
    assert pages == -(-25 // limit)


async def test_a_page_goes_on_behind_somebody_who_has_left_since(desk: Desk, segments: SegmentsSink) -> None:
    await fill_segments(segments, {"donors": PEOPLE})
    first = (await members(desk, query="limit=5")).json
    last = first["contacts"][-1]["contact_id"]
    partition = int(first["next"].split(",")[0])
    assert await segments.write(partition, [memberships(last, [])], Position(TOPIC, 1), Position(TOPIC, 2))
    rest = (await members(desk, query=f"after={first['next']}")).json
    assert [each["contact_id"] for page in (first, rest) for each in page["contacts"]].count(last) == 1
    assert {each["contact_id"] for page in (first, rest) for each in page["contacts"]} == {*PEOPLE}


async def test_members_who_came_at_the_same_time_are_told_apart_by_their_ids(
    desk: Desk, segments: SegmentsSink
) -> None:
    await fill_segments(segments, {"donors": ["p0"]})
    same = [memberships(f"{sign}{n}", ["donors"]) for sign in "aZ_-:." for n in range(9)]
    for partition in range(4):
        assert await segments.write(partition, same, Position(TOPIC, 1), Position(TOPIC, 2))
    first = (await members(desk, query="limit=20")).json
    rest = (await members(desk, query=f"after={first['next']}")).json
    found = [(each["contact_id"]) for page in (first, rest) for each in page["contacts"]]
    assert sorted(found) == sorted([change.key for change in same] * 4 + ["p0"])


async def test_a_list_that_is_not_kept_says_why_and_what_to_do(
    desk: Desk, segments: SegmentsSink, redis_client: Redis
) -> None:
    await fill_segments(segments, {"donors": PEOPLE, "readers": PEOPLE}, without_list=["readers"])
    none = await members(desk, "readers")
    assert (none.status, none.json["code"]) == (409, "members_not_kept")
    assert none.json["detail"] == "Its definition says members = false; define it with members = true"

    await redis_client.hset(kept_members_key(2), "donors", "full")
    full = await members(desk)
    assert (full.status, full.json["code"]) == (409, "members_not_kept")
    assert "Beyond 20 million members" in full.json["detail"]
    assert (await desk.get("/v1/segments/donors")).json["members_kept"] == "full"


@pytest.mark.parametrize("state", ["gathering", None])
async def test_while_members_are_gathered_in_a_partition_there_is_no_answer(
    desk: Desk, segments: SegmentsSink, redis_client: Redis, state: str | None
) -> None:
    await fill_segments(segments, {"donors": PEOPLE})
    await redis_client.hdel(kept_members_key(3), "donors")
    if state is not None:
        await redis_client.hset(kept_members_key(3), "donors", state)
    answer = await members(desk)
    assert (answer.status, answer.json["code"]) == (503, "segments_incomplete")
    assert answer.json["detail"] == "The members are still gathered; it mends by itself"


async def test_the_segments_of_a_contact_are_those_of_who_it_is_now(
    desk: Desk, segments: SegmentsSink, filling: Filling
) -> None:
    await filling.all([known("ada"), known("bob"), erased("gone", 1)], [merged("old-ada", 1, "ada")])
    await fill_segments(segments, {"donors": ["ada"]})
    ada, old, bob = [await desk.get(f"/v1/contacts/{name}/segments") for name in ("ada", "old-ada", "bob")]
    held = {"donors": {"since": render_time(SINCE), "edition": EDITION}}
    assert ada.json == {"contact_id": "ada", "version": 7, "as_of": render_time(SINCE), "segments": held}
    assert old.json == ada.json
    assert (bob.json["version"], bob.json["segments"]) == (0, {})
    assert bob.json["as_of"] == bob.headers["harmonia-as-of"]
    assert [(await desk.get(f"/v1/contacts/{name}/segments")).status for name in ("gone", "nobody")] == [410, 404]
    assert [record["answers"][0]["reason"] for record in desk.audited()] == [
        *("found", "found", "found", "erased", "unknown")
    ]


async def test_members_go_through_the_contact_policy_page_by_page(
    desk: Desk, segments: SegmentsSink, filling: Filling
) -> None:
    await filling.all([known("p0"), known("p1"), erased("p2", 1)])
    await fill_segments(segments, {"donors": PEOPLE[:4]})
    path, after = "/v1/segments/donors/permissions", None
    decisions: dict[str, tuple[str, str]] = {}
    while True:
        answer = await desk.post({**ASKED, "limit": 3, "after": after}, "lister", path)
        assert answer.status == 200, answer.body
        decisions |= {one["contact_id"]: (one["decision"], one["reason"]) for one in answer.json["decisions"]}
        after = answer.json["next"]
        if after is None:
            break
    direct = await desk.may(*({"contact_id": name} for name in PEOPLE[:4]), token="lister")
    assert decisions == {one["contact_id"]: (one["decision"], one["reason"]) for one in direct}
    assert [decisions[name][0] for name in PEOPLE[:3]] == ["allow", "allow", "deny"]
    assert [record.get("segment") for record in desk.audited()] == ["donors", "donors", None]


@pytest.mark.parametrize(
    ("body", "field", "cure"),
    [
        ({}, "channel", "is missing; give email, text, phone, door or letter"),
        ({**ASKED, "contacts": []}, "contacts", "is not known here; known are"),
        ({**ASKED, "limitt": 3}, "limitt", "is not known here; did you mean limit?"),
        ({**ASKED, "limit": 0}, "limit", "give a whole number, 1 to 10000"),
        ({**ASKED, "after": "x"}, "after", "give what `next` of the page before is, or leave it out to begin"),
        ([], "the body", "send an object with channel and purpose"),
        (b"{", "the body", "is not JSON; send one object, in UTF-8"),
    ],
)
async def test_what_is_wrong_in_a_request_about_members_is_named(
    desk: Desk, segments: SegmentsSink, body: object, field: str, cure: str
) -> None:
    await fill_segments(segments, {"donors": []})
    answer = await desk.post(body, "lister", "/v1/segments/donors/permissions")
    assert answer.status == 422
    [mistake, *_] = answer.json["mistakes"]
    assert mistake["field"] == field
    assert mistake["cure"].startswith(cure)


async def test_each_page_of_members_is_audited(desk: Desk, segments: SegmentsSink) -> None:
    await fill_segments(segments, {"donors": ["ada"]})
    assert (await desk.get("/v1/segments/donors/members", "only-lists")).status == 200
    assert (await desk.get("/v1/segments", "reader")).status == 200
    [record] = desk.audited()
    assert (record["what"], record["team"], record["segment"]) == ("list", "only-lists", "donors")
    assert record["answers"] == [{"contact_id": "ada", "decision": None, "reason": "member"}]


@pytest.mark.parametrize("path", PATHS)
async def test_from_a_redis_that_lacks_memberships_there_is_no_answer(
    desk: Desk, segments: SegmentsSink, filling: Filling, redis_client: Redis, path: str
) -> None:
    await filling.all([known("ada")])
    await fill_segments(segments, {"donors": ["ada"]})
    await redis_client.delete(position_key(2, CONTACT_SEGMENTS))
    answer = await desk.get(path, "lister")
    assert (answer.status, answer.json["code"]) == (503, "segments_incomplete")
    assert answer.json["detail"] == "contact-segments:2 is missing; it mends by itself"


async def test_permissions_do_not_wait_for_segments(desk: Desk, filling: Filling) -> None:
    await filling.all([known("ada")])
    assert [(await desk.get(path)).status for path in ("/v1/contacts/ada", "/v1/segments")] == [200, 503]
    assert (await desk.may({"contact_id": "ada"}))[0]["decision"] == "allow"
