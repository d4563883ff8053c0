"""The pages of segments and of their members."""

import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import orjson
import pytest
from redis.asyncio import Redis

from events.segments import SegmentState
from events.topics import CONTACT_SEGMENTS, SEGMENT_DEFINITIONS
from sinks.base import Position
from sinks.keys import position_key
from sinks.segments import SegmentsChange, SegmentsSink
from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.matching import matches
from streams.domain.segments.person import Person
from streams.domain.segments.previews import PreviewProgress, PreviewQuestion, PreviewRefusal, asked_segments
from streams.services.console.page import PageRequest
from streams.services.console.pages.person import load_segments
from streams.services.console.pages.person_looks import Subject
from streams.services.console.rendering import render
from streams.services.console.rights import Scope, Viewer
from streams.services.console.sendings import Sendings
from streams.services.console.words import Words
from streams.services.segment_preview import SegmentPreview, put_together
from tests.contract.api.desk import known
from tests.contract.conftest import client_of
from tests.contract.console.signed_in_console import NOW, SignedInConsole, Written, fill_people, page_of
from tests.contract.contact_sink import STALE_AFTER, TOPIC
from tests.contract.redis_server import RedisServer
from tests.contract.whole_segments import PARTITIONS, fill_segments
from tests.unit.domain.contact.said import NOON, gift, report
from tests.unit.domain.segments.said_of import person

STRATEGE = Viewer("adele", frozenset({"figures"}), language="fr")
CALLER = Viewer("cal", frozenset({"privacy"}))
PEOPLE = [f"p{number}" for number in range(25)]
NESTED = {  # of nobody: an owner need not be named
    "id": "newcomers",
    "members": False,
    "all": [{"segment": "donors"}, {"gifts": "sum", "currency": "USD", "within": "30d", "at_least": 5000}],
    "none": [{"any": [{"tag": "opponent"}, {"region": "US-OH"}]}],
}


async def filled(
    server: RedisServer,
    people: Mapping[str, Sequence[str]],
    state: SegmentState = "complete",
    more: Mapping[str, object] = MappingProxyType({}),
    left: int = 0,
) -> None:
    sink = SegmentsSink(client_of(server.port), stale_after=STALE_AFTER, most_pairs=1000)
    await fill_segments(sink, people, state=state, left=left)
    for partition in range(PARTITIONS):
        view = sink.reading(SEGMENT_DEFINITIONS)
        changes = [SegmentsChange(name, orjson.dumps(each)) for name, each in {"newcomers": NESTED, **more}.items()]
        assert await view.write(partition, changes, Position(TOPIC, 1), Position(TOPIC, 2))
    await sink.close()


async def test_segments_are_listed_with_how_many_are_in_each_and_few_are_not_told(
    console: SignedInConsole, redis_server: RedisServer
) -> None:
    await filled(redis_server, {"donors": PEOPLE, "hosts": PEOPLE[:9]})
    text = await page_of(console, "/segments")
    assert [text.index(f'href="/segments/{name}"') for name in ("donors", "hosts", "newcomers")] == sorted(
        text.index(f'href="/segments/{name}"') for name in ("donors", "hosts", "newcomers")
    )
    cells = [row.split("</tr>")[0] for row in text.split("<tr>")]
    [donors] = [row for row in cells if 'href="/segments/donors"' in row]
    [hosts] = [row for row in cells if 'href="/segments/hosts"' in row]
    assert '<td class="number">25</td>' in donors
    assert "everybody has been judged" in donors
    assert "fewer than 10" in hosts
    assert ">9<" not in hosts
    [fresh] = [row for row in cells if 'href="/segments/newcomers"' in row]
    assert "nobody has been judged yet" in fresh
    assert "<td>–</td>" in fresh


@pytest.mark.parametrize("path", ["/segments", "/segments/donors"])
@pytest.mark.parametrize(("left", "told"), [(9, ("25", "fewer than 10")), (10, ("35", ">10<"))], ids=["few", "more"])
async def test_how_many_went_is_told_where_nobody_is_one_of_few(
    console: SignedInConsole, redis_server: RedisServer, path: str, left: int, told: tuple[str, str]
) -> None:
    """Where it is not, it does not follow from how many came and are in it either."""
    await filled(redis_server, {"donors": PEOPLE}, left=left)
    text = (await page_of(console, path)).split("donors", 1)[1]
    assert [each for each in told if each not in text] == []
    assert (">34<" in text, ">35<" in text) == (False, left == 10)


async def test_a_segment_is_told_in_words_with_the_ones_that_it_refers_to(
    console: SignedInConsole, redis_server: RedisServer
) -> None:
    await filled(redis_server, {"donors": PEOPLE, "newcomers": PEOPLE[:3]})
    text = await page_of(console, "/segments/newcomers")
    told = [
        "fewer than 10 people are in it",
        "all of these",
        'href="/segments/donors"',
        "sum of gifts",
        "none of these",
        "at least one of these",
        "the tag opponent holds",
        "the region is US-OH",
    ]
    places = [text.index(each) for each in told]
    assert places == sorted(places)
    french = await page_of(console, "/segments/newcomers", STRATEGE)
    assert "moins de 10 personnes en font partie" in french


async def test_while_everybody_is_judged_anew_the_page_says_so(
    console: SignedInConsole, redis_server: RedisServer
) -> None:
    await filled(redis_server, {"donors": PEOPLE}, "filling")
    assert "these figures are not the last word" in await page_of(console, "/segments/donors")


async def test_a_segment_that_is_not_defined_is_not_found(console: SignedInConsole, redis_server: RedisServer) -> None:
    await filled(redis_server, {"donors": PEOPLE})
    assert "The list of segments names those that are defined." in await page_of(
        console, "/segments/doners", status=404
    )


async def test_from_a_redis_that_lacks_memberships_no_figure_is_shown(
    console: SignedInConsole, redis_server: RedisServer, redis_client: Redis
) -> None:
    await filled(redis_server, {"donors": PEOPLE})
    await redis_client.delete(position_key(1, CONTACT_SEGMENTS))
    for path in ("/segments", "/segments/donors"):
        text = await page_of(console, path)
        assert "contact-segments:1" in text
        assert ">25<" not in text


async def test_who_sees_a_part_of_people_sees_no_segment(console: SignedInConsole, redis_server: RedisServer) -> None:
    await filled(redis_server, {"donors": PEOPLE})
    scope = Scope(regions=frozenset({"US-OH"}))
    text = await page_of(console, "/segments", Viewer("finn", frozenset({"field"}), scope))
    assert "Segments count people of all regions and committees" in text
    assert "donors" not in text


async def test_the_page_of_a_person_tells_their_segments_and_since_when(
    console: SignedInConsole, redis_server: RedisServer
) -> None:
    await fill_people(redis_server, known("ada"), known("bob"))
    await filled(redis_server, {"donors": ["ada"]})
    told = []
    for name in ("ada", "bob"):
        asked = PageRequest(CALLER, Words("en"), NOW, {}, console.deps, "task", Subject(name, None))
        loaded = await load_segments(asked)
        told.append(render("person_segments.html", asked, dict(loaded.data)))
    assert '<span class="id">donors</span>' in told[0]
    assert "since Fri, Nov 28, 2025" in told[0]
    assert "This person is in no segment." in told[1]


FEW, OTHERS = 4, 30
GIVEN = 7_311
"""Cents that one person gave; nobody else gave anything."""
FIGURES = Viewer("ada", frozenset({"figures"}))
SENDER = Viewer("sam", frozenset({"sending"}))
TREASURER = Viewer("tess", frozenset({"figures", "treasury"}))


class World:
    """People of whom the first has given some money; half of them are judged in a sample that never changes."""

    def __init__(self) -> None:
        self.asked = 0
        self.given: list[int] = []

    def preview(self, question: PreviewQuestion) -> SegmentPreview:
        self.asked += 1
        segments = asked_segments(question, channel_rules(default_policy()))
        assert not isinstance(segments, PreviewRefusal)
        people = [_person(number, self.given[number : number + 1]) for number in range(OTHERS)]
        judged = people[:: 1 if question.is_exact else 2]
        members = tuple(sum(matches(each, one, NOON) for one in judged) for each in segments)
        none = PreviewProgress(1, 0, 0, 0, (0,) * len(segments), is_done=True)
        first = PreviewProgress(1, OTHERS, len(judged), len(judged), members, is_done=True)
        return put_together(
            question,
            {0: first, **dict.fromkeys(range(1, FEW), none)},
            FEW,
        )


def _person(number: int, given: list[int]) -> Person:
    heard = [report(f"r{number}", tags_added=["host"] if given else [], support=1 if given else 3)]
    return person(*heard, *(gift(f"g{number}", amount) for amount in given if amount), name=f"p{number}")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def with_drafts(
    redis_client: Redis, redis_server: RedisServer, tmp_path: Path, world: World
) -> AsyncIterator[SignedInConsole]:
    gave = {"id": "gave", "owner": "finance", "all": [{"gifts": "sum", "currency": "USD", "at_least": 5_000}]}
    await filled(redis_server, {"donors": PEOPLE}, more={"gave": gave})
    found = SignedInConsole(redis_client, tmp_path, preview=world.preview, audit=Written())
    yield found
    await found.reports.stop()


def by_text(cents: int, more: str = "") -> dict[str, str]:
    return {"text": f'[[segment]]\nid = "x"\nall = [{{ gifts = "sum", currency = "USD", at_least = {cents} }}{more}]\n'}


def by_json(cents: int) -> dict[str, str]:
    condition = {"none": [{"any": [{"gifts": "net", "currency": "USD", "below": cents}]}]}
    return {"text": orjson.dumps({"segment": [{"id": "x", "all": [{"all": [condition]}]}]}).decode()}


def by_rows(cents: int) -> dict[str, str]:
    row = {"kind": "gifts", "place": "all", "gifts": "sum", "currency": "USD", "compare1": "at_least"}
    row["number1"] = f"{cents / 100:.2f}"
    return {"by": "rows", "do": "count", "id": "x", **{f"row-0-{name}": value for name, value in row.items()}}


def by_reference(_: int) -> dict[str, str]:
    return {"text": '[[segment]]\nid = "x"\nall = [{ segment = "gave" }, { seen = "last", within = "3650d" }]\n'}


def by_two_references(cents: int) -> dict[str, str]:
    gave = f'[[segment]]\nid = "y"\nall = [{{ gifts = "sum", currency = "USD", at_least = {cents} }}]\n'
    return {"text": f'{gave}[[segment]]\nid = "x"\nall = [{{ segment = "y" }}]\n'}


WAYS = (by_text, by_json, by_rows, by_reference, by_two_references)


async def seen(with_drafts: SignedInConsole, viewer: Viewer, form: dict[str, str]) -> str:
    """What a page says to a draft, without what is of its own: tokens, and the draft."""
    await with_drafts.deps.redis.delete(*(await with_drafts.deps.redis.keys("console:previews:*")), "none")
    async with with_drafts.browser(viewer) as browser:
        page = await with_drafts.post(browser, "/segments/draft", **form)
    return re.sub(r'name="(csrf|once)" value="[^"]*"', "", f"{page.status_code} {page.text}")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("viewer", [FIGURES, SENDER])
async def test_bisection_by_somebody_who_does_not_see_gifts_learns_no_bit(
    with_drafts: SignedInConsole, world: World, viewer: Viewer, way: Callable[[int], dict[str, str]]
) -> None:
    """Also where nine others have given as much, so that the number would go over its edge for one person."""
    for cents in (0, 5_000, GIVEN, GIVEN + 1, 20_000):
        for others in (0, 9):
            pages = set()
            for amount in (0, GIVEN):
                world.given = [amount, *[1_000_000] * others]
                pages.add(await seen(with_drafts, viewer, way(cents)))
            assert len(pages) == 1, cents
    assert world.asked == 0


@pytest.mark.parametrize("way", WAYS[:3])
async def test_none_to_nine_judged_members_have_the_same_words_for_everybody(
    with_drafts: SignedInConsole, world: World, way: Callable[[int], dict[str, str]]
) -> None:
    pages = []
    for members in range(11):
        world.given = [GIVEN if number % 2 == 0 and number // 2 < members else 0 for number in range(OTHERS)]
        pages.append(await seen(with_drafts, TREASURER, way(GIVEN)))
    assert world.asked == 11
    assert len({*pages[:10]}) == 1
    assert pages[10] != pages[9]


@pytest.mark.parametrize("condition", ['{ tag = "host" }', "{ support = [1] }", '{ ballot = "e", status = ["voted"] }'])
async def test_who_sees_no_people_asks_for_nothing_that_is_known_of_one(
    with_drafts: SignedInConsole, world: World, condition: str
) -> None:
    form = {"text": f'[[segment]]\nid = "x"\nall = [{condition}]\n'}
    refused, counted = await seen(with_drafts, FIGURES, form), await seen(with_drafts, SENDER, form)
    assert refused.startswith("422")
    assert "asks for what your roles do not see of a person" in refused
    assert counted.startswith("200")
    assert world.asked == 1


async def test_what_may_not_be_counted_may_not_be_defined_to_be_counted(with_drafts: SignedInConsole) -> None:
    for form in (by_text(GIVEN), by_reference(GIVEN)):
        async with with_drafts.browser(SENDER) as browser:
            answer = await with_drafts.post(browser, "/segments/define", **form)
        assert answer.status_code == 403


async def test_a_count_is_written_down_first_and_the_thirty_first_in_a_minute_is_not_made(
    with_drafts: SignedInConsole, world: World
) -> None:
    written = with_drafts.deps.views._audit
    assert isinstance(written, Written)
    async with with_drafts.browser(TREASURER) as browser:
        pages = [(await with_drafts.post(browser, "/segments/draft", **by_text(GIVEN))).text for _ in range(31)]
    assert world.asked == 30
    assert "You have counted 30 times in a minute" in pages[30]
    told = [(record["viewer"], record["what"], record["criteria"][0]["id"]) for record in written.records]
    assert told == [("tess", "preview", "x")] * 30
    written.is_away = True
    answer = await seen(with_drafts, TREASURER, by_text(GIVEN))
    assert answer.startswith("503")
    assert world.asked == 30


DANA = Viewer("dana", frozenset({"sending"}))
DONORS = [f"p{number:03}" for number in range(250)]
JUDGES = """import json, sys
rows = sys.stdin.read().splitlines()
sys.stdout.write("\\n".join(rows) + "\\n")
told = {"rows": len(rows) - 1, "complete": True, "reasons": {"allow:ok": len(rows) - 1}, "asked": sys.argv[1:]}
sys.stderr.write(json.dumps(told))
"""
"""In place of `harmonia permit`: everybody may be reached."""


@pytest.fixture(params=["kept", "not kept"])
async def listed(
    redis_client: Redis, redis_server: RedisServer, tmp_path: Path, written: Written, request: pytest.FixtureRequest
) -> AsyncIterator[SignedInConsole]:
    """Of a Redis with a segment of 250 people and one of nobody, with a list of members or without."""
    sink = SegmentsSink(client_of(redis_server.port), stale_after=STALE_AFTER, most_pairs=1000)
    await fill_segments(sink, {"donors": DONORS, "nobody": []})
    await sink.close()
    if request.param == "not kept":
        for key in await redis_client.keys("sink:segment-members:*"):
            await redis_client.delete(key)
    found = SignedInConsole(redis_client, tmp_path, audit=written, wall_ms=NOW)
    found.use(sendings=Sendings((sys.executable, "-c", JUDGES)))
    yield found
    await found.deps.sendings.stop()


async def pages(listed: SignedInConsole, viewer: Viewer, path: str) -> list[str]:
    """A page and all that follow it."""
    found = []
    async with listed.browser(viewer) as browser:
        await listed.post(browser, "/people/reason", reason="task", to=path)
        while path:
            answer = await browser.get(path)
            assert answer.status_code == 200, answer.text
            found.append(answer.text.partition("<main")[2])
            path = "" if "?after=" not in found[-1] else found[-1].rpartition("/members?after=")[2].partition('"')[0]
            path = path and f"/segments/donors/members?after={path}"
    return found


async def test_all_members_are_on_the_pages_once_and_each_is_written_down(
    listed: SignedInConsole, written: Written
) -> None:
    found = await pages(listed, DANA, "/segments/donors/members")
    shown = [each.partition('"')[0] for text in found for each in text.split('href="/people/')[1:]]
    assert sorted({*shown} - {""}) == DONORS
    named = [answer["contact_id"] for record in written.records for answer in record["answers"]]
    assert sorted(set(named)) == DONORS


async def test_nobody_is_named_before_a_reason_is_given_nor_to_other_roles(
    listed: SignedInConsole, written: Written
) -> None:
    async with listed.browser(DANA) as browser:
        assert "Say first why you look" in (await browser.get("/segments/donors/members")).text
        assert (await browser.get("/segments/unheard-of/members")).status_code == 404
    async with listed.browser(Viewer("tess", frozenset({"treasury"}))) as browser:
        assert (await browser.get("/segments/donors/members")).status_code == 403
    [text] = await pages(
        listed,
        Viewer("finn", DANA.roles, Scope(regions=frozenset({"US-OH"}))),
        "/segments/donors/members",
    )
    assert "/people/p0" not in text
    assert written.records == []


async def test_the_number_of_a_segment_leads_to_who_is_in_it_for_who_may_see_people(
    listed: SignedInConsole,
) -> None:
    async with listed.browser(DANA) as browser:
        for path in ("/segments", "/segments/donors"):
            assert 'href="/segments/donors/members"' in (await browser.get(path)).text
    async with listed.browser(Viewer("ada", frozenset({"figures"}))) as browser:
        assert "/members" not in (await browser.get("/segments/donors")).text


async def test_members_are_downloaded_through_the_policy_and_the_segment_is_written_down(
    listed: SignedInConsole, written: Written
) -> None:
    async with listed.browser(DANA) as browser:
        assert 'name="segment" value="donors"' in (await browser.get("/send?segment=donors")).text
        said = {"channel": "letter", "purpose": "informational", "team": "digital", "segment": "donors"}
        answer = await listed.post(browser, "/send/judge", **said)
        assert answer.status_code == 303, answer.text
        one = listed.deps.sendings.of("dana")
        assert one is not None
        assert one.task is not None
        await one.task
        assert "250 of 250 may be reached now" in (await browser.get("/send")).text
        lines = (await browser.get("/send/download")).text.splitlines()
        assert sorted(line.partition(",")[0] for line in lines[1:]) == DONORS
        assert "--of-segment=donors" in one.question.options()
    assert [(each["what"], each.get("segment")) for each in written.records] == [("judge", "donors")]


async def test_a_segment_that_is_not_there_has_no_list(listed: SignedInConsole) -> None:
    async with listed.browser(DANA) as browser:
        said = {"channel": "letter", "purpose": "informational", "team": "digital", "segment": "unheard-of"}
        assert "There is no such segment." in (await listed.post(browser, "/send/judge", **said)).text
