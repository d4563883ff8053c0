"""Counting tells nobody what one person gave: a draft is answered alike whether somebody gave more or less."""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import orjson
import pytest
from redis.asyncio import Redis

from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.matching import matches
from streams.domain.segments.person import Person
from streams.domain.segments.previews import PreviewProgress, PreviewQuestion, PreviewRefusal, asked_segments
from streams.services.console.rights import Viewer
from streams.services.segment_preview import SegmentPreview, put_together
from tests.contract.console.signed_in_console import SignedInConsole, Written
from tests.contract.console.test_segment_pages import PEOPLE, filled
from tests.contract.redis_server import RedisServer
from tests.unit.domain.contact.said import NOON, gift, report
from tests.unit.domain.segments.said_of import person

PARTITIONS, OTHERS = 4, 30
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
        return put_together(question, {0: first, **dict.fromkeys(range(1, PARTITIONS), none)}, PARTITIONS)


def _person(number: int, given: list[int]) -> Person:
    heard = [report(f"r{number}", tags_added=["host"] if given else [], support=1 if given else 3)]
    return person(*heard, *(gift(f"g{number}", amount) for amount in given if amount), name=f"p{number}")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def console(
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


async def seen(console: SignedInConsole, viewer: Viewer, form: dict[str, str]) -> str:
    """What a page says to a draft, without what is of its own: tokens, and the draft."""
    await console.deps.redis.delete(*(await console.deps.redis.keys("console:previews:*")), "none")
    async with console.browser(viewer) as browser:
        page = await console.post(browser, "/segments/draft", **form)
    return re.sub(r'name="(csrf|once)" value="[^"]*"', "", f"{page.status_code} {page.text}")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("viewer", [FIGURES, SENDER])
async def test_bisection_by_somebody_who_does_not_see_gifts_learns_no_bit(
    console: SignedInConsole, world: World, viewer: Viewer, way: Callable[[int], dict[str, str]]
) -> None:
    """Also where nine others have given as much, so that the number would go over its edge for one person."""
    for cents in (0, 5_000, GIVEN, GIVEN + 1, 20_000):
        for others in (0, 9):
            pages = set()
            for amount in (0, GIVEN):
                world.given = [amount, *[1_000_000] * others]
                pages.add(await seen(console, viewer, way(cents)))
            assert len(pages) == 1, cents
    assert world.asked == 0


@pytest.mark.parametrize("way", WAYS[:3])
async def test_none_to_nine_judged_members_have_the_same_words_for_everybody(
    console: SignedInConsole, world: World, way: Callable[[int], dict[str, str]]
) -> None:
    pages = []
    for members in range(11):
        world.given = [GIVEN if number % 2 == 0 and number // 2 < members else 0 for number in range(OTHERS)]
        pages.append(await seen(console, TREASURER, way(GIVEN)))
    assert world.asked == 11
    assert len({*pages[:10]}) == 1
    assert pages[10] != pages[9]


@pytest.mark.parametrize("condition", ['{ tag = "host" }', "{ support = [1] }", '{ ballot = "e", status = ["voted"] }'])
async def test_who_sees_no_people_asks_for_nothing_that_is_known_of_one(
    console: SignedInConsole, world: World, condition: str
) -> None:
    form = {"text": f'[[segment]]\nid = "x"\nall = [{condition}]\n'}
    refused, counted = await seen(console, FIGURES, form), await seen(console, SENDER, form)
    assert refused.startswith("422")
    assert "asks for what your roles do not see of a person" in refused
    assert counted.startswith("200")
    assert world.asked == 1


async def test_what_may_not_be_counted_may_not_be_defined_to_be_counted(console: SignedInConsole) -> None:
    for form in (by_text(GIVEN), by_reference(GIVEN)):
        async with console.browser(SENDER) as browser:
            answer = await console.post(browser, "/segments/define", **form)
        assert answer.status_code == 403


async def test_a_count_is_written_down_first_and_the_thirty_first_in_a_minute_is_not_made(
    console: SignedInConsole, world: World
) -> None:
    written = console.deps.views._audit
    assert isinstance(written, Written)
    async with console.browser(TREASURER) as browser:
        pages = [(await console.post(browser, "/segments/draft", **by_text(GIVEN))).text for _ in range(31)]
    assert world.asked == 30
    assert "You have counted 30 times in a minute" in pages[30]
    told = [(record["viewer"], record["what"], record["criteria"][0]["id"]) for record in written.records]
    assert told == [("tess", "preview", "x")] * 30
    written.is_away = True
    answer = await seen(console, TREASURER, by_text(GIVEN))
    assert answer.startswith("503")
    assert world.asked == 30
