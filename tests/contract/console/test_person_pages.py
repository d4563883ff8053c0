"""The pages of people."""

import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from redis.asyncio import Redis

from events.times import render_time
from sinks.reservations import Reservation, ReservationRequest, Reservations
from sinks.segments import SegmentsSink
from streams.domain.messages import english
from streams.domain.segments.explanation import explain
from streams.services.console.desk import Desk
from streams.services.console.jobs import MOST_WAITING, Jobs
from streams.services.console.pages import person_segments
from streams.services.console.pages.person_segments import reason_rows
from streams.services.console.rights import Scope, Viewer
from streams.services.console.roles import Role
from tests.contract.api.desk import known, touch
from tests.contract.conftest import client_of
from tests.contract.console.signed_in_console import NOW, SignedInConsole, Written, fill_people
from tests.contract.contact_sink import STALE_AFTER
from tests.contract.redis_server import RedisServer
from tests.contract.whole_segments import fill_segments
from tests.unit.domain.contact.said import DAY, NOON, by, gift, report, said
from tests.unit.domain.segments.said_of import person, segment

OTHERS, OWN, TWO_HOURS = NOW - 7_200_000, NOW - 200_000_000, 7_200_000
FIELD = frozenset({"field"})
FIELD_ROLE: frozenset[Role] = frozenset({"field"})
OF_SOME_AND_OF_ALL = pytest.mark.parametrize(("teams", "told"), [(FIELD, False), (None, True)])


async def test_a_search_that_finds_nobody_keeps_the_reason_that_was_chosen(console: SignedInConsole) -> None:
    async with console.browser(Viewer("paul", frozenset({"privacy"}))) as browser:
        for reason in ("complaint", "rights"):
            answer = await console.post(browser, "/people", who="?", reason=reason)
            assert answer.status_code == 422
            assert f'<option value="{reason}" selected>' in answer.text
        assert '<option value="rights" selected>' in (await browser.get("/people")).text


async def test_who_has_reserved_a_person_is_named_with_the_channel_and_until_when(
    console: SignedInConsole, redis_client: Redis, redis_server: RedisServer
) -> None:
    await fill_people(redis_server, known("ada"))
    mine = Reservation("digital", "t", NOW, NOW + TWO_HOURS)
    await Reservations(redis_client).reserve("email", mine, [ReservationRequest("ada")])
    text = await seen(console, Viewer("finn", FIELD_ROLE), "/people/ada")
    assert "Reserved for digital until 22:00, to be reached by this channel: E-mail" in text
    assert "This person is reserved for digital." in text
    assert "Another team" not in text


async def seen(console: SignedInConsole, viewer: Viewer, path: str) -> str:
    """A page, once a reason was given."""
    async with console.browser(viewer) as browser:
        await console.post(browser, "/people", who="?", reason="task")
        answer = await browser.get(path)
    assert answer.status_code == 200
    return answer.text


@OF_SOME_AND_OF_ALL
async def test_a_viewer_of_one_team_learns_neither_team_nor_source_nor_id_of_others(
    console: SignedInConsole, redis_server: RedisServer, teams: frozenset[str] | None, *, told: bool
) -> None:
    await fill_people(redis_server, known("ada", [touch(OTHERS, "digital"), touch(OWN, "field")]))
    page = await seen(console, Viewer("fred", FIELD_ROLE, Scope(teams=teams)), "/people/ada?purpose=fundraising")
    assert {word: word in page for word in ("digital", str(OTHERS))} == {"digital": told, str(OTHERS): told}
    assert "E-mail · field" in page


@pytest.mark.parametrize("condition", [{"unanswered_mails": 3}, {"touches": "count", "within": "7d", "is": 3}])
@OF_SOME_AND_OF_ALL
def test_why_somebody_is_in_a_segment_names_no_touch_of_another_team(
    condition: dict[str, Any], teams: frozenset[str] | None, *, told: bool
) -> None:
    senders = ["field", "digital", "digital"]
    mails = [by(f"{team}/mailer", said("email.sent", f"{n}", message_id=f"{n}")) for n, team in enumerate(senders)]
    found = explain(segment(all=[condition]), person(*mails), NOON + DAY)
    known = [row.found for row in reason_rows(found, Viewer("fred", FIELD_ROLE, Scope(teams=teams)))]
    shown = " ".join(english(each) for each in known if each is not None)
    assert "field/mailer 0" in shown
    assert {word: word in shown for word in ("digital", "an interaction of another team")} == {
        "digital": told,
        "an interaction of another team": not told,
    }


PATH = "/alerts/over_cap/people"
FINN = Viewer("finn", frozenset({"field"}))


@pytest.fixture
def console(evening: SignedInConsole, tmp_path: Path) -> SignedInConsole:
    """Of a desk with an alert about each of 62 people of Ohio, of whom the second has two more."""
    desk = Desk.create(tmp_path / "desk.sqlite")
    rows = [(f"m{n}", n, NOW - 1_000 * n, "digital: 4 touches by door within 1d, at most 3") for n in range(4, 61)]
    rows += [(f"n{n}", 2, NOW - n, "field: 6 touches by door within 1d, at most 3") for n in range(2)]
    with desk.transaction():
        desk.run("DELETE FROM alerts")
        desk.run_many(
            "INSERT INTO alerts VALUES (?, 'over_cap', NULL, ?, ?, ?, '[]')", [*rows, ("a", 1, NOW - 9, "x: 4")]
        )
    desk.close()
    return evening


async def page(console: SignedInConsole, viewer: Viewer, path: str = PATH, reason: str = "task") -> tuple[int, str]:
    async with console.browser(viewer) as browser:
        if reason:
            answer = await console.post(browser, "/people/reason", reason=reason, to=path)
            assert (answer.status_code, answer.headers["location"]) == (303, path)
        answer = await browser.get(path)
    return answer.status_code, answer.text.partition("<main")[2]


async def test_nobody_is_named_before_a_reason_is_given(console: SignedInConsole, written: Written) -> None:
    status, text = await page(console, FINN, reason="")
    assert status == 200
    assert "Say first why you look" in text
    assert "van." not in text
    assert written.records == []


async def test_those_with_most_alerts_come_first_page_by_page_and_each_is_written_down(
    console: SignedInConsole, written: Written
) -> None:
    _, text = await page(console, FINN)
    assert text.index(">van.2<") < text.index(">van.4<")
    assert text.count('href="/people/van.') == 50
    assert "field: reached 6 times by door within" in text
    assert f'href="{PATH}?after=50"' in text
    _, more = await page(console, FINN, f"{PATH}?after=50")
    assert 0 < more.count('href="/people/van.') < 50
    assert f'href="{PATH}?after=0"' in more
    named = [len(record["answers"]) for record in written.records]
    assert named == [50, more.count('href="/people/van.')]
    assert {record["viewer"] for record in written.records} == {"finn"}


async def test_each_number_of_the_alerts_leads_to_those_whom_it_counts(console: SignedInConsole) -> None:
    _, alerts = await page(console, FINN, "/alerts/over_cap", reason="")
    rows = re.findall(r'href="(/alerts/over_cap/people\?like=[0-9a-f]{16})">(\d+)<', alerts)
    assert [count for _, count in rows] == ["57", "2", "1"]
    (digital, _), (field, _), _ = rows
    assert ">van.4<" in (text := (await page(console, FINN, digital))[1])
    assert ">van.2<" not in text
    assert f'href="{digital}&amp;after=50"' in text
    assert ">van.2<" in (text := (await page(console, FINN, field))[1])
    assert ">van.4<" not in text


async def test_who_sees_one_region_or_team_sees_no_others(console: SignedInConsole) -> None:
    regional = Viewer("paul", frozenset({"field"}), Scope(regions=frozenset({"US-PA"})))
    assert "van.2<" not in (await page(console, regional))[1]
    of_team = Viewer("tina", frozenset({"field"}), Scope(teams=frozenset({"field"})))
    text = (await page(console, of_team))[1]
    assert ">van.2<" in text
    assert ">van.4<" not in text


async def test_only_roles_that_may_see_people_are_led_there(console: SignedInConsole) -> None:
    strategist = Viewer("ada", frozenset({"figures"}))
    assert PATH not in (await page(console, strategist, "/alerts/over_cap", reason=""))[1]
    assert PATH in (await page(console, FINN, "/alerts/over_cap", reason=""))[1]


WHY = "/people/ada/segments?segment=donors"
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
async def with_reasons(
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


async def seen_by(with_reasons: SignedInConsole, viewer: Viewer, path: str = WHY, status: int = 200) -> str:
    """A page, once a reason was given."""
    async with with_reasons.browser(viewer) as browser:
        await with_reasons.post(browser, "/people", who="?", reason="task")
        answer = await browser.get(path)
    assert answer.status_code == status, answer.text
    return answer.text


def roles(*names: Role) -> frozenset[Role]:
    return frozenset(names)


async def test_each_condition_is_told_with_what_is_known_and_the_look_is_written_down(
    with_reasons: SignedInConsole, written: Written
) -> None:
    text = await seen_by(with_reasons, Viewer("paul", roles("privacy")))
    told = ["As things stand this person is not in it", "not out yet", "sum of gifts", "$75.00, by team/a 7"]
    told += ["the postal code begins with 441", "none of these", "the tag host holds", "speaks against it"]
    told += ["at least one of these", "the region is US-OH"]
    places = [text.index(each) for each in told]
    assert places == sorted(places)
    assert "44113" not in text
    [record] = written.records
    assert (record["viewer"], record["reason"]) == ("paul", "task")
    assert record["answers"] == [{"contact_id": "ada", "decision": None, "reason": "found"}]


async def test_the_same_in_french(with_reasons: SignedInConsole) -> None:
    text = await seen_by(with_reasons, Viewer("paule", roles("privacy"), language="fr"))
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
    with_reasons: SignedInConsole, viewer: Viewer
) -> None:
    text = await seen_by(with_reasons, viewer)
    assert "sum of gifts" in text
    assert "75.00" not in text
    assert "is for other roles" in text
    rows = [row.split("</tr>")[0] for row in text.split("<tr>")[2:]]
    hidden = [row for row in rows if "<td>–</td>" in row]
    assert len(hidden) == 5  # both conditions about gifts, and the groups that they are in
    assert [word in row for row in hidden for word in ("gifts", "these")].count(True) == 5
    [tag] = [row for row in rows if "the tag host" in row]
    assert "yes" in tag


async def test_the_page_of_a_person_leads_to_why_and_to_why_not(with_reasons: SignedInConsole) -> None:
    text = await seen_by(with_reasons, Viewer("finn", roles("field")), "/people/ada")
    assert f'href="{WHY}"' in text
    assert '<option value="hosts">' in text
    of_privacy = await seen_by(with_reasons, Viewer("paul", roles("privacy")), "/people/ada")
    assert f'href="{WHY}"' in of_privacy
    assert "hosts" not in of_privacy


async def test_from_the_page_of_a_segment_somebody_is_found_for_a_reason_and_it_is_told_why(
    with_reasons: SignedInConsole, written: Written
) -> None:
    async with with_reasons.browser(Viewer("finn", roles("field"))) as browser:
        page = await browser.get("/segments/donors")
        assert 'href="/people?segment=donors"' in page.text
        asked = await browser.get(WHY)
        assert asked.headers["location"] == "/people?for=ada&segment=donors"
        form = await browser.get("/people?for=ada&segment=donors")
        assert 'name="segment" value="donors"' in form.text
        without = await with_reasons.post(browser, "/people", who="ada", segment="donors")
        assert without.status_code == 422
        assert 'name="segment" value="donors"' in without.text
        assert written.records == []
        found = await with_reasons.post(browser, "/people", who="ada", segment="donors", reason="task")
    assert found.headers["location"].startswith(WHY)
    assert len(written.records) == 1


async def test_who_is_outside_of_the_scope_is_not_explained(with_reasons: SignedInConsole, written: Written) -> None:
    await seen_by(with_reasons, Viewer("nora", roles("field"), Scope(regions=frozenset({"US-NV"}))), status=404)
    assert [record["answers"] for record in written.records] == [
        [{"contact_id": "ada", "decision": None, "reason": "outside"}]
    ]


async def test_a_command_that_fails_is_told_with_its_last_word(with_reasons: SignedInConsole) -> None:
    text = await seen_by(with_reasons, Viewer("paul", roles("privacy")), "/people/bob/segments?segment=donors")
    assert "It could not be found out." in text
    assert "nobody knows" in text


async def test_what_takes_long_is_waited_for_on_a_page_that_is_loaded_again(
    with_reasons: SignedInConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person_segments, "WAIT_S", 0.0)
    text = await seen_by(with_reasons, Viewer("paul", roles("privacy")))
    assert "is still being read" in text
    job = with_reasons.deps.jobs.latest("explain donors ada", 60_000)
    assert job is not None
    assert job.task is not None
    await job.task
    assert "$75.00" in await seen_by(with_reasons, Viewer("paul", roles("privacy")))


async def test_looks_of_one_viewer_keep_no_explanation_from_others(
    with_reasons: SignedInConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where what one viewer has asked for takes long, another viewer's explanation is in the queue all the same."""
    monkeypatch.setattr(person_segments, "WAIT_S", 0.0)
    jobs = Jobs(lambda: NOW, (sys.executable, "-c", "import time; time.sleep(600)"))
    with_reasons.use(jobs=jobs)
    for number in range(2 * MOST_WAITING):
        text = await seen_by(with_reasons, Viewer("paul", roles("privacy")), f"/people/bob/segments?segment=s{number}")
        assert "is still being read" in text
    await seen_by(with_reasons, Viewer("nora", roles("privacy")))
    found = jobs.latest("explain donors ada", 60_000)
    await jobs.stop()
    assert found is not None
