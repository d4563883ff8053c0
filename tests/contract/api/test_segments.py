"""Segments and their previews over the API."""

from typing import Any

import pytest
from redis.asyncio import Redis

from events.times import render_time
from events.topics import CONTACT_SEGMENTS
from sinks.base import Position
from sinks.keys import kept_members_key, position_key
from sinks.segments import SegmentsSink
from streams.domain.segments.previews import PreviewProgress
from streams.services.permission.audit_log import AuditUnavailable
from tests.contract.api.desk import PARTITIONS, Answer, Desk, known
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


HOSTS = {"id": "hosts", "all": [{"tag": "host"}]}


async def preview(desk: Desk, body: Any, token: str = "reader", query: str = "") -> Answer:
    return await desk.post(body, token, "/v1/segments/preview", query)


def answered(desk: Desk, partitions: int, judged: int = 10, members: int = 3, known: int = 10) -> None:
    progress = PreviewProgress(1, known, judged, judged, (members,), is_done=True)
    desk.answers = dict.fromkeys(range(partitions), progress)


async def test_a_preview_says_how_many_and_of_how_many(desk: Desk) -> None:
    answered(desk, PARTITIONS)
    answer = await preview(desk, {"segment": [HOSTS]}, query="exact=true")
    assert answer.status == 200
    assert answer.json == {
        "segments": [{"id": "hosts", "count": 10, "low": 10, "high": 20}],
        "people": 40,
        "judged": 40,
        "exact": True,
        "partitions": {"answered": 4, "all": 4},
    }
    assert [(asked.asked, asked.is_exact) for asked in desk.asked] == [(("hosts",), True)]


async def test_partitions_that_are_silent_are_told_of(desk: Desk) -> None:
    answered(desk, 3, judged=50, members=30, known=100)
    found = (await preview(desk, {"segment": [HOSTS]})).json
    assert (found["partitions"], found["exact"]) == ({"answered": 3, "all": 4}, False)
    [hosts] = found["segments"]
    assert hosts["low"] < hosts["count"] < hosts["high"]


@pytest.mark.parametrize(("judged", "is_exact"), [(10, "true"), (5, "false")])
async def test_an_answer_is_the_same_for_none_to_nine_judged_members(desk: Desk, judged: int, is_exact: str) -> None:
    answers = []
    for members in range(12):
        one = PreviewProgress(1, 100, 10 * judged, 10 * judged, (members,), is_done=True)
        desk.answers = {0: one, **dict.fromkeys(range(1, PARTITIONS), PreviewProgress(1, 1, 1, 1, (0,), is_done=True))}
        answers.append((await preview(desk, {"segment": [HOSTS]}, query=f"exact={is_exact}")).json["segments"])
    assert all(answer == answers[0] for answer in answers[:10])
    assert answers[0][0]["count"] is None
    assert (answers[0][0]["low"], answers[10][0]["low"]) == (0, 10)
    assert answers[10] != answers[9]


async def test_previews_are_written_down_before_they_are_asked_and_are_thirty_a_minute(desk: Desk) -> None:
    answered(desk, PARTITIONS)
    seen = [(await preview(desk, {"segment": [HOSTS]})).status for _ in range(31)]
    refused = await preview(desk, {"segment": [HOSTS]})
    assert seen == [200] * 30 + [429]
    assert (refused.json["code"], refused.headers["retry-after"]) == ("too_often", "60")
    assert len(desk.asked) == 30
    told = [(record["what"], record["team"], record["criteria"][0]["id"]) for record in desk.audited()]
    assert told == [("preview", "reader", "hosts")] * 30
    assert (await preview(desk, {"segment": [HOSTS]}, token="digital")).status == 200


async def test_each_definition_of_a_preview_counts(desk: Desk) -> None:
    whole = PreviewProgress(1, 100, 100, 100, (50,) * 20, is_done=True)
    desk.answers = dict.fromkeys(range(PARTITIONS), whole)
    twenty = {"segment": [HOSTS | {"id": f"hosts-{number}"} for number in range(20)]}
    assert [(await preview(desk, twenty)).status for _ in range(2)] == [200, 429]


async def test_nothing_is_previewed_that_cannot_be_written_down(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_: object) -> None:
        raise AuditUnavailable

    monkeypatch.setattr(desk.audit, "hand", no_room)
    answer = await preview(desk, {"segment": [HOSTS]})
    assert (answer.status, answer.json["code"], desk.asked) == (503, "audit_unavailable", [])


async def test_where_no_worker_answers_there_is_no_number(desk: Desk) -> None:
    answer = await preview(desk, {"segment": [HOSTS]})
    assert (answer.status, answer.json["code"]) == (503, "preview_unavailable")


@pytest.mark.parametrize(
    ("body", "query", "field", "cure"),
    [
        ({"segment": [{"id": "x", "all": [{"tugg": "a"}]}]}, "", "segment[0].all[0]", "correct it"),
        ({"segment": [{"id": "x"}]}, "", "segment[0]", "add all, any or none"),
        (b"[", "", "segment", "correct that place"),
        ({"segment": [HOSTS]}, "exact=1", "exact", "give true or false"),
        ({"segment": [{"id": "x", "any": [{"segment": "x"}]}]}, "", "x", "take one of these references out"),
    ],
)
async def test_each_mistake_is_told_with_its_field_and_the_cure(
    desk: Desk, body: Any, query: str, field: str, cure: str
) -> None:
    answer = await preview(desk, body, query=query)
    assert (answer.status, answer.json["code"], desk.asked) == (422, "invalid", [])
    [mistake] = answer.json["mistakes"]
    assert mistake["field"] == field
    assert cure in mistake["cure"]


async def test_what_was_sent_is_not_repeated(desk: Desk) -> None:
    body = {"segment": [{"id": "ada@example.org", "all": [{"ada@example.org": 1}]}]}
    answer = await preview(desk, body)
    assert answer.status == 422
    assert b"example.org" not in answer.body
