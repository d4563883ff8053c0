"""Pages of people: what is on them, who may be the same, and why somebody is in a segment."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from redis.asyncio import Redis

from events.outputs import Address
from events.times import render_time
from sinks.reservations import Reservation, ReservationRequest, Reservations
from sinks.segments import SegmentsSink
from streams.domain.messages import english
from streams.domain.segments.explanation import explain
from streams.services.console.desk import Desk
from streams.services.console.desk_access import DeskReader
from streams.services.console.jobs import MOST_WAITING, Jobs
from streams.services.console.pages import person_segments
from streams.services.console.pages.person_segments import reason_rows
from streams.services.console.rights import Scope, Viewer
from streams.services.console.roles import Role
from tests.contract.api.desk import address, known, touch
from tests.contract.conftest import client_of
from tests.contract.console.signed_in_console import NOW, SignedInConsole, Written, fill_people
from tests.contract.contact_sink import STALE_AFTER
from tests.contract.redis_server import RedisServer
from tests.contract.whole_segments import fill_segments
from tests.unit.domain.contact.said import DAY, NOON, by, gift, report, said
from tests.unit.domain.segments.said_of import person, segment
from tests.unit.services.console.evening import fill_evening

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


# `/people/duplicates`: what was decided, and which identifiers link nobody, however much else was written down.
DUPLICATES_OF_OTHERS = 1_100
IDENTIFIER = "email:0123456789abcdef0123456789abcdef"


def fill(path: Path) -> None:
    """A decision and an identifier of yesterday, and then looks and alerts of many kinds."""
    fill_evening(path, NOW)
    desk, yesterday = Desk.create(path), NOW - 86_400_000
    with desk.transaction():
        for place, fragment in enumerate((1, 2)):
            desk.run(
                "INSERT INTO views VALUES (?, 'decided', ?, ?, 'zoe', 'link', ?, NULL, 'link')",
                (100 + place, place, yesterday, fragment),
            )
        looks = [(1000 + number, f"look-{number}", NOW - number) for number in range(DUPLICATES_OF_OTHERS)]
        desk.run_many("INSERT INTO views VALUES (?, ?, 0, ?, 'zoe', 'read', 3, NULL, 'found')", looks)
        alerts = [("crowd", "identity_crowded", IDENTIFIER, yesterday)]
        alerts += [
            (f"cap-{number}", "campaign_complaints", "gotv-3", NOW - number) for number in range(DUPLICATES_OF_OTHERS)
        ]
        desk.run_many("INSERT INTO alerts VALUES (?, ?, ?, NULL, ?, '', '[]')", alerts)
    desk.close()


async def page(redis: Redis, folder: Path, who: str, path: str) -> str:
    """A page once a reason is given, which is kept for the session."""
    fill(folder / "desk.sqlite")
    console = SignedInConsole(redis, folder, DeskReader(folder / "desk.sqlite"), audit=Written())
    async with console.browser(Viewer("zoe", frozenset({"privacy"}))) as browser:
        await console.post(browser, "/people", who=who, reason="rights")
        answer = await browser.get(path)
    assert answer.status_code == 200
    return answer.text


async def test_a_decision_and_an_identifier_of_yesterday_are_there_after_a_thousand_looks_and_alerts(
    redis_client: Redis, redis_server: RedisServer, tmp_path: Path
) -> None:
    await fill_people(redis_server)
    text = await page(redis_client, tmp_path, "van.1", "/people/duplicates")
    for told in ("email:01234567…", "Undo", "Each was written down before it was sent"):
        assert told in text


async def test_two_contacts_are_shown_side_by_side_before_anybody_says_that_they_are_one(
    redis_client: Redis, redis_server: RedisServer, tmp_path: Path
) -> None:
    both: Address = address("shared@example.org")
    phone: Address = {**address("other@example.org"), "channel": "text"}
    zones = {"time_zone": "America/New_York", "region": "US-OH", "postal_code": None}
    people = [
        known("ada", zones=zones, addresses=[both], last_seen="2012-11-06T20:00:00Z"),
        known("bob", addresses=[both, phone], last_seen="2012-11-05T20:00:00Z"),
    ]
    await fill_people(redis_server, *people)
    text = await page(redis_client, tmp_path, "ada", "/people/duplicates?one=ada&other=bob")
    compared = text.partition('id="block-pair"')[2].partition('action="/people/duplicates"')[0]
    for told in ("US-OH", "Nov 6, 2012 15:00", "Nov 5, 2012 15:00", f"email:{both['ref'][:8]}…"):
        assert told in compared
    assert f"{phone['ref'][:8]}" not in compared


# Why a person is in a segment or not: each condition with what is known, for who may see that, in both languages.
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
async def segments_console(
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
    segments_console: SignedInConsole, written: Written
) -> None:
    text = await seen_by(segments_console, Viewer("paul", roles("privacy")))
    told = ["As things stand this person is not in it", "not out yet", "sum of gifts", "$75.00, by team/a 7"]
    told += ["the postal code begins with 441", "none of these", "the tag host holds", "speaks against it"]
    told += ["at least one of these", "the region is US-OH"]
    places = [text.index(each) for each in told]
    assert places == sorted(places)
    assert "44113" not in text
    [record] = written.records
    assert (record["viewer"], record["reason"]) == ("paul", "task")
    assert record["answers"] == [{"contact_id": "ada", "decision": None, "reason": "found"}]


async def test_the_same_in_french(segments_console: SignedInConsole) -> None:
    text = await seen_by(segments_console, Viewer("paule", roles("privacy"), language="fr"))
    for told in ("Pourquoi, ou pourquoi pas", "n’en fait pas partie", "parle contre", "oui", "75,00"):
        assert told in text


@pytest.mark.parametrize(
    "viewer", [Viewer("finn", roles("field")), Viewer("tess", roles("treasury"), Scope(committees=frozenset({"C2"})))]
)
async def test_whoever_does_not_see_gifts_is_told_neither_them_nor_whether_conditions_about_them_hold(
    segments_console: SignedInConsole, viewer: Viewer
) -> None:
    text = await seen_by(segments_console, viewer)
    assert "sum of gifts" in text
    assert "75.00" not in text
    assert "is for other roles" in text
    rows = [row.split("</tr>")[0] for row in text.split("<tr>")[2:]]
    hidden = [row for row in rows if "<td>–</td>" in row]
    assert len(hidden) == 5  # both conditions about gifts, and the groups that they are in
    assert [word in row for row in hidden for word in ("gifts", "these")].count(True) == 5
    [tag] = [row for row in rows if "the tag host" in row]
    assert "yes" in tag


async def test_the_page_of_a_person_leads_to_why_and_to_why_not(segments_console: SignedInConsole) -> None:
    text = await seen_by(segments_console, Viewer("finn", roles("field")), "/people/ada")
    assert f'href="{PATH}"' in text
    assert '<option value="hosts">' in text
    of_privacy = await seen_by(segments_console, Viewer("paul", roles("privacy")), "/people/ada")
    assert f'href="{PATH}"' in of_privacy
    assert "hosts" not in of_privacy


async def test_from_the_page_of_a_segment_somebody_is_found_for_a_reason_and_it_is_told_why(
    segments_console: SignedInConsole, written: Written
) -> None:
    async with segments_console.browser(Viewer("finn", roles("field"))) as browser:
        page = await browser.get("/segments/donors")
        assert 'href="/people?segment=donors"' in page.text
        asked = await browser.get(PATH)
        assert asked.headers["location"] == "/people?for=ada&segment=donors"
        form = await browser.get("/people?for=ada&segment=donors")
        assert 'name="segment" value="donors"' in form.text
        without = await segments_console.post(browser, "/people", who="ada", segment="donors")
        assert without.status_code == 422
        assert 'name="segment" value="donors"' in without.text
        assert written.records == []
        found = await segments_console.post(browser, "/people", who="ada", segment="donors", reason="task")
    assert found.headers["location"].startswith(PATH)
    assert len(written.records) == 1


async def test_who_is_outside_of_the_scope_is_not_explained(
    segments_console: SignedInConsole, written: Written
) -> None:
    await seen_by(segments_console, Viewer("nora", roles("field"), Scope(regions=frozenset({"US-NV"}))), status=404)
    assert [record["answers"] for record in written.records] == [
        [{"contact_id": "ada", "decision": None, "reason": "outside"}]
    ]


async def test_a_command_that_fails_is_told_with_its_last_word(segments_console: SignedInConsole) -> None:
    text = await seen_by(segments_console, Viewer("paul", roles("privacy")), "/people/bob/segments?segment=donors")
    assert "It could not be found out." in text
    assert "nobody knows" in text


async def test_what_takes_long_is_waited_for_on_a_page_that_is_loaded_again(
    segments_console: SignedInConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person_segments, "WAIT_S", 0.0)
    text = await seen_by(segments_console, Viewer("paul", roles("privacy")))
    assert "is still being read" in text
    job = segments_console.deps.jobs.latest("explain donors ada", 60_000)
    assert job is not None
    assert job.task is not None
    await job.task
    assert "$75.00" in await seen_by(segments_console, Viewer("paul", roles("privacy")))


async def test_looks_of_one_viewer_keep_no_explanation_from_others(
    segments_console: SignedInConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where what one viewer has asked for takes long, another viewer's explanation is in the queue all the same."""
    monkeypatch.setattr(person_segments, "WAIT_S", 0.0)
    jobs = Jobs(lambda: NOW, (sys.executable, "-c", "import time; time.sleep(600)"))
    segments_console.use(jobs=jobs)
    for number in range(2 * MOST_WAITING):
        text = await seen_by(
            segments_console, Viewer("paul", roles("privacy")), f"/people/bob/segments?segment=s{number}"
        )
        assert "is still being read" in text
    await seen_by(segments_console, Viewer("nora", roles("privacy")))
    found = jobs.latest("explain donors ada", 60_000)
    await jobs.stop()
    assert found is not None
