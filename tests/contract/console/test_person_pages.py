"""Finding a person, and what their page tells of reservations and of the touches of other teams."""

from typing import Any

import pytest
from redis.asyncio import Redis

from sinks.reservations import Reservation, ReservationRequest, Reservations
from streams.domain.messages import english
from streams.domain.segments.explanation import explain
from streams.services.console.pages.person_segments import reason_rows
from streams.services.console.rights import Scope, Viewer
from streams.services.console.roles import Role
from tests.contract.api.desk import known, touch
from tests.contract.console.signed_in_console import NOW, SignedInConsole, fill_people
from tests.contract.redis_server import RedisServer
from tests.unit.domain.contact.said import DAY, NOON, by, said
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
