"""Why a person is in a segment or not: each condition with what is known, for who may see that, in both languages."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import orjson
import pytest
from redis.asyncio import Redis

from events.times import render_time
from sinks.segments import SegmentsSink
from streams.domain.segments.explanation import explain
from streams.services.console.jobs import MOST_WAITING, Jobs
from streams.services.console.pages import person_segments
from streams.services.console.rights import Scope, Viewer
from streams.services.console.roles import Role
from tests.contract.api.desk import known
from tests.contract.conftest import client_of
from tests.contract.console.signed_in_console import NOW, SignedInConsole, Written, fill_people
from tests.contract.contact_sink import STALE_AFTER
from tests.contract.redis_server import RedisServer
from tests.contract.whole_segments import fill_segments
from tests.unit.domain.contact.said import NOON, gift, report
from tests.unit.domain.segments.said_of import person, segment

PATH = "/people/ada/segments?segment=donors"
ANSWERS = """import pathlib, sys
assert sys.argv[2:6] == ["segments", "explain", "--json", "--"], sys.argv
found = pathlib.Path(sys.argv[1], "-".join(sys.argv[6:]))
sys.exit("nobody knows") if not found.exists() else print(found.read_text())
"""
"""In place of `harmonia`: prints the file of the segment and the person."""


def explained() -> bytes:
    """As the command would explain somebody who has given once, on other grounds than by the gift alone."""
    asked = segment(
        all=[{"gifts": "sum", "currency": "USD", "committee": "C1", "at_least": 5_000}, {"postal_code": "441"}],
        none=[{"tag": "host"}, {"any": [{"gifts": "count", "at_least": 9}, {"region": "US-OH"}]}],
    )
    someone = person(gift("7", 7_500, committee="C1"), report("3", tags_added=["host"], postal_code="44113"))
    member = {"since": render_time(NOON), "edition": "e1"}
    said = {"segment": "donors", "contact_id": "ada", "at": render_time(NOW), "member": member, "explanation": {}}
    return orjson.dumps({**said, "coded": orjson.Fragment(msgspec.json.encode(explain(asked, someone, NOON)))})


@pytest.fixture
async def console(
    redis_client: Redis, redis_server: RedisServer, tmp_path: Path, written: Written
) -> AsyncIterator[SignedInConsole]:
    """Of a Redis that has two people, of whom one is in a segment, and of a command that explains that."""
    await fill_people(redis_server, known("ada"), known("bob"))
    of_segments = SegmentsSink(client_of(redis_server.port), stale_after=STALE_AFTER, most_pairs=1000)
    await fill_segments(of_segments, {"donors": ["ada"], "hosts": []})
    await of_segments.close()
    (tmp_path / "donors-ada").write_bytes(explained())
    found = SignedInConsole(redis_client, tmp_path, audit=written)
    jobs = Jobs(lambda: NOW, (sys.executable, "-c", ANSWERS, str(tmp_path)))
    found.use(jobs=jobs)
    yield found
    await jobs.stop()


async def seen_by(console: SignedInConsole, viewer: Viewer, path: str = PATH, status: int = 200) -> str:
    """A page, once a reason was given."""
    async with console.browser(viewer) as browser:
        await console.post(browser, "/people", who="?", reason="task")
        answer = await browser.get(path)
    assert answer.status_code == status, answer.text
    return answer.text


def roles(*names: Role) -> frozenset[Role]:
    return frozenset(names)


async def test_each_condition_is_told_with_what_is_known_and_the_look_is_written_down(
    console: SignedInConsole, written: Written
) -> None:
    text = await seen_by(console, Viewer("paul", roles("privacy")))
    told = ["As things stand this person is not in it", "not out yet", "sum of gifts", "$75.00, by team/a 7"]
    told += ["the postal code begins with 441", "none of these", "the tag host holds", "speaks against it"]
    told += ["at least one of these", "the region is US-OH"]
    places = [text.index(each) for each in told]
    assert places == sorted(places)
    assert "44113" not in text
    [record] = written.records
    assert (record["viewer"], record["reason"]) == ("paul", "task")
    assert record["answers"] == [{"contact_id": "ada", "decision": None, "reason": "found"}]


async def test_the_same_in_french(console: SignedInConsole) -> None:
    text = await seen_by(console, Viewer("paule", roles("privacy"), language="fr"))
    for told in ("Pourquoi, ou pourquoi pas", "n’en fait pas partie", "parle contre", "oui", "75,00"):
        assert told in text


@pytest.mark.parametrize(
    "viewer",
    [
        Viewer("finn", roles("field")),
        Viewer("tess", roles("treasury"), Scope(committees=frozenset({"C2"}))),
    ],
)
async def test_whoever_does_not_see_gifts_is_told_neither_them_nor_whether_conditions_about_them_hold(
    console: SignedInConsole, viewer: Viewer
) -> None:
    text = await seen_by(console, viewer)
    assert "sum of gifts" in text
    assert "75.00" not in text
    assert "is for other roles" in text
    rows = [row.split("</tr>")[0] for row in text.split("<tr>")[2:]]
    hidden = [row for row in rows if "<td>–</td>" in row]
    assert len(hidden) == 5  # both conditions about gifts, and the groups that they are in
    assert [word in row for row in hidden for word in ("gifts", "these")].count(True) == 5
    [tag] = [row for row in rows if "the tag host" in row]
    assert "yes" in tag


async def test_the_page_of_a_person_leads_to_why_and_to_why_not(console: SignedInConsole) -> None:
    text = await seen_by(console, Viewer("finn", roles("field")), "/people/ada")
    assert f'href="{PATH}"' in text
    assert '<option value="hosts">' in text
    of_privacy = await seen_by(console, Viewer("paul", roles("privacy")), "/people/ada")
    assert f'href="{PATH}"' in of_privacy
    assert "hosts" not in of_privacy


async def test_from_the_page_of_a_segment_somebody_is_found_for_a_reason_and_it_is_told_why(
    console: SignedInConsole, written: Written
) -> None:
    async with console.browser(Viewer("finn", roles("field"))) as browser:
        page = await browser.get("/segments/donors")
        assert 'href="/people?segment=donors"' in page.text
        asked = await browser.get(PATH)
        assert asked.headers["location"] == "/people?for=ada&segment=donors"
        form = await browser.get("/people?for=ada&segment=donors")
        assert 'name="segment" value="donors"' in form.text
        without = await console.post(browser, "/people", who="ada", segment="donors")
        assert without.status_code == 422
        assert 'name="segment" value="donors"' in without.text
        assert written.records == []
        found = await console.post(browser, "/people", who="ada", segment="donors", reason="task")
    assert found.headers["location"].startswith(PATH)
    assert len(written.records) == 1


async def test_who_is_outside_of_the_scope_is_not_explained(console: SignedInConsole, written: Written) -> None:
    await seen_by(console, Viewer("nora", roles("field"), Scope(regions=frozenset({"US-NV"}))), status=404)
    assert [record["answers"] for record in written.records] == [
        [{"contact_id": "ada", "decision": None, "reason": "outside"}]
    ]


async def test_a_command_that_fails_is_told_with_its_last_word(console: SignedInConsole) -> None:
    text = await seen_by(console, Viewer("paul", roles("privacy")), "/people/bob/segments?segment=donors")
    assert "It could not be found out." in text
    assert "nobody knows" in text


async def test_what_takes_long_is_waited_for_on_a_page_that_is_loaded_again(
    console: SignedInConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person_segments, "WAIT_S", 0.0)
    text = await seen_by(console, Viewer("paul", roles("privacy")))
    assert "is still being read" in text
    job = console.deps.jobs.latest("explain donors ada", 60_000)
    assert job is not None
    assert job.task is not None
    await job.task
    assert "$75.00" in await seen_by(console, Viewer("paul", roles("privacy")))


async def test_looks_of_one_viewer_keep_no_explanation_from_others(
    console: SignedInConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where what one viewer has asked for takes long, another viewer's explanation is in the queue all the same."""
    monkeypatch.setattr(person_segments, "WAIT_S", 0.0)
    jobs = Jobs(lambda: NOW, (sys.executable, "-c", "import time; time.sleep(600)"))
    console.use(jobs=jobs)
    for number in range(2 * MOST_WAITING):
        text = await seen_by(console, Viewer("paul", roles("privacy")), f"/people/bob/segments?segment=s{number}")
        assert "is still being read" in text
    await seen_by(console, Viewer("nora", roles("privacy")))
    found = jobs.latest("explain donors ada", 60_000)
    await jobs.stop()
    assert found is not None
