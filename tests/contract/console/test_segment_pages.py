"""`/segments`, the page of one segment, and the segments of one person, from memberships in a real Redis."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import orjson
import pytest
from redis.asyncio import Redis

from events.segments import SegmentState
from events.topics import CONTACT_SEGMENTS, SEGMENT_DEFINITIONS
from sinks.base import Position
from sinks.keys import position_key
from sinks.segments import SegmentsChange, SegmentsSink
from streams.services.console.page import PageRequest
from streams.services.console.pages.person import load_segments
from streams.services.console.pages.person_looks import Subject
from streams.services.console.rendering import render
from streams.services.console.rights import Scope, Viewer
from streams.services.console.words import Words
from tests.contract.api.desk import known
from tests.contract.conftest import client_of
from tests.contract.console.signed_in_console import NOW, SignedInConsole, fill_people, page_of
from tests.contract.contact_sink import STALE_AFTER, TOPIC
from tests.contract.redis_server import RedisServer
from tests.contract.whole_segments import PARTITIONS, fill_segments

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
