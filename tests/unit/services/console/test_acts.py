"""What can be done from the console: acts, orders, requests about data, and exports."""

import asyncio
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from markupsafe import Markup
from pydantic import ValidationError
from redis.asyncio import Redis

from events.console_acts import CONSOLE_ACTS, ConsoleAct
from streams.operations.campaign_holds import HoldOrder
from streams.platform.settings import Settings
from streams.services.console.acting.handlers import HANDLERS
from streams.services.console.acting.people import held_of
from streams.services.console.acts import ACT_SPECS, SPEC_OF, changing, made_anew
from streams.services.console.app import PAGES, ROUTES
from streams.services.console.dependencies import MOST_EXPORTS, ConsoleDependencies
from streams.services.console.desk_profiles import read_export
from streams.services.console.gate import Console
from streams.services.console.live import Hub
from streams.services.console.orders import Orders, SentOrder
from streams.services.console.people import People
from streams.services.console.rendering import CSRF_PLACE, ONCE_PLACE, for_reader
from streams.services.console.rights import ACTS, CHANGING, ROLES_OF, Act, Scope, Viewer, lacking, may
from streams.services.console.roles import ROLES, Role
from streams.services.console.signin import Sessions

PAGE = (Path(__file__).parents[4] / "docs" / "console.md").read_text()
TEMPLATES = Path("streams/services/console/templates")
CHANGE_NOTHING = {
    "/signin",
    "/signout",
    "/choices",
    "/people",
    "/people/reason",
    "/money/givers",
    "/privacy/reason",
    "/letters/rehearse",
    "/segments/draft",
    "/jobs/cancel",
    "/policy/check",
    "/policy/backtest",
    "/experiments/check",
    "/send/cancel",
}
"""Forms that change nothing but the session of whoever sends them."""


class _NoRedis:
    redis = None


def _routers() -> list[APIRouter]:
    deps = cast(ConsoleDependencies, _NoRedis())
    console = Console(deps, cast(Hub, None), Sessions(cast(Redis, None), People({})), ())
    return [each(console) for each in ROUTES]


def test_every_form_is_sent_to_an_act_or_changes_nothing() -> None:
    routes = [route for router in _routers() for route in router.routes if isinstance(route, APIRoute)]
    taken = [route.path for route in routes if (route.methods or set()) - {"GET", "HEAD"}]
    assert sorted(taken) == sorted({*(spec.path for spec in ACT_SPECS), *CHANGE_NOTHING})


def test_every_act_has_a_name_an_entry_a_function_and_a_role() -> None:
    assert tuple(SPEC_OF) == CONSOLE_ACTS
    assert set(HANDLERS) == set(CONSOLE_ACTS)
    assert all(ROLES_OF[spec.id] == spec.roles for spec in ACT_SPECS)


def test_the_page_of_the_docs_has_the_acts() -> None:
    assert made_anew(PAGE) == PAGE, "run `make schemas`"


def test_a_page_without_a_place_for_the_acts_is_an_error() -> None:
    with pytest.raises(ValueError, match="acts end"):
        made_anew("# The console\n")


def test_the_setting_takes_every_act_and_no_other_word() -> None:
    every = " ".join(CONSOLE_ACTS)
    assert changing(Settings(console_may=every).console_may) == frozenset(CONSOLE_ACTS)
    assert changing(Settings(console_may="").console_may) == frozenset()
    with pytest.raises(ValidationError):
        Settings(console_may="holdlift")


def test_a_deployment_that_names_no_act_may_hold_and_lift_and_nothing_else() -> None:
    assert changing(Settings().console_may) == {"hold", "lift"}


def test_each_form_of_an_act_has_a_key_of_its_own_and_the_token_of_its_reader() -> None:
    text = Markup(f"<i>{CSRF_PLACE}</i><b>{ONCE_PLACE}</b><b>{ONCE_PLACE}</b>")  # nosec B704 (as it is rendered)
    one, other = for_reader(text, "mine"), for_reader(text, "mine")
    assert one.startswith("<i>mine</i><b>")
    keys = {part.partition("</b>")[0] for each in (one, other) for part in each.split("<b>")[1:]}
    assert one.endswith("</b>")
    assert len(keys) == 4


def test_every_form_that_is_sent_to_an_act_has_its_fields() -> None:
    paths = [spec.path for spec in ACT_SPECS]
    for file in TEMPLATES.glob("*.html"):
        for form in file.read_text(encoding="utf-8").split("<form")[1:]:
            head, _, rest = form.partition(">")
            if any(f'"{path}"' in head for path in paths):
                assert "{{ act_fields() }}" in rest.partition("</form>")[0], file.name


HOLD = HoldOrder("gotv-3", None, False, "console/ada")
LIFT = HoldOrder("gotv-3", None, True, "console/bob")


@dataclass(slots=True)
class Office:
    """Readers who order, and wait until `shown`. `held`: what Redis says; `sent`: orders in order."""

    held: bool = False
    orders: Orders = field(default_factory=Orders)
    sent: list[HoldOrder] = field(default_factory=list)
    shown: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Queue[SentOrder | None] = field(default_factory=asyncio.Queue)

    async def order(self, order: HoldOrder) -> SentOrder | None:
        async def is_so_already() -> bool:
            return self.held != order.lift

        async def send() -> int:
            await asyncio.sleep(0)
            self.sent.append(order)
            return len(self.sent)

        async with self.orders.sent(order, is_so_already, send) as found:
            self.waiting.put_nowait(found)
            if found is not None:
                await self.shown.wait()
        return found


async def test_who_lifts_need_not_wait_until_the_hold_before_is_carried_out() -> None:
    office = Office()
    hold = asyncio.create_task(office.order(HOLD))
    await office.waiting.get()
    lift = asyncio.create_task(office.order(LIFT))
    async with asyncio.timeout(20):
        assert await office.waiting.get() == SentOrder(LIFT, 2)
    assert not hold.done()
    office.shown.set()
    assert await hold == SentOrder(HOLD, 1)
    await lift
    assert office.sent == [HOLD, LIFT]


async def test_a_form_that_is_sent_twice_orders_once_and_both_wait_for_it() -> None:
    office = Office()
    both = [asyncio.create_task(office.order(HOLD)) for _ in range(2)]
    assert [await office.waiting.get() for _ in both] == [SentOrder(HOLD, 1)] * 2
    office.shown.set()
    await asyncio.gather(*both)
    assert office.sent == [HOLD]


async def test_what_is_so_already_is_not_ordered_again() -> None:
    office = Office(held=True)
    assert await office.order(HOLD) is None
    assert office.sent == []
    office.shown.set()
    assert await office.order(LIFT) == SentOrder(LIFT, 1)
    office.held = False
    assert await office.order(LIFT) is None


async def test_an_order_that_cannot_be_sent_stands_in_nobodys_way() -> None:
    office = Office()

    async def fails() -> int:
        raise OSError

    async def is_not_so() -> bool:
        return False

    for _ in range(2):
        try:
            async with office.orders.sent(HOLD, is_not_so, fails):
                raise AssertionError("nothing was sent")
        except OSError:
            pass
    office.shown.set()
    assert await office.order(HOLD) == SentOrder(HOLD, 1)


EVERYBODY = Viewer("ada", frozenset(ROLES))


def test_every_act_needs_a_role_that_there_is() -> None:
    assert set(ROLES_OF) == set(ACTS)
    assert all(roles and roles <= set(ROLES) for roles in ROLES_OF.values())


def test_every_page_needs_an_act_that_changes_nothing() -> None:
    assert all(page.act in ACTS and page.act not in CHANGING for page in PAGES)


def test_every_role_may_see_the_first_page() -> None:
    [first] = [page for page in PAGES if page.path == "/"]
    assert all(may(Viewer("x", frozenset({role})), first.act) for role in ROLES)


def test_pages_differ_in_name_and_path() -> None:
    assert len({page.name for page in PAGES}) == len({page.path for page in PAGES}) == len(PAGES)


@pytest.mark.parametrize(
    ("role", "act", "allowed"),
    [
        ("field", "see_field", True),
        ("field", "see_money", False),
        ("treasury", "see_days", False),  # the report has messages and doors
        ("sending", "see_days", False),  # and gifts
        ("treasury", "see_money", True),
        ("figures", "see_people", False),
        ("operations", "see_status", True),
        ("operations", "see_privacy", False),
        ("operations", "see_experiments", False),
        ("figures", "see_letters", False),
        ("figures", "see_status", False),
        ("sending", "see_requests", False),
        ("treasury", "see_segments", False),
        ("sending", "hold", True),
        ("figures", "hold", False),
    ],
)
def test_a_role_sees_and_does_what_is_its_own(role: str, act: Act, allowed: bool) -> None:
    roles = frozenset(each for each in ROLES if each == role)
    assert may(Viewer("x", roles), act) is allowed


def test_a_deployment_that_allows_no_hold_allows_none_to_whoever_has_the_role() -> None:
    assert may(EVERYBODY, "hold")
    assert not may(Viewer("ada", frozenset(ROLES), may_change=frozenset({"lift"})), "hold")


@pytest.mark.parametrize(
    ("role", "changes", "lacks"),
    [
        ("sending", {"judge"}, ()),
        ("sending", {"hold"}, ("setting",)),
        ("figures", {"judge"}, ("right",)),
        ("figures", set(), ("right", "setting")),
    ],
)
def test_a_refused_act_tells_a_missing_right_from_a_missing_setting(
    role: Role, changes: set[ConsoleAct], lacks: tuple[str, ...]
) -> None:
    assert lacking(Viewer("x", frozenset({role}), may_change=frozenset(changes)), "judge") == lacks


def test_what_has_no_region_is_in_the_scope_of_those_alone_who_see_all() -> None:
    ohio = Scope(regions=frozenset({"US-OH"}))
    assert ohio.has_region("US-OH")
    assert not ohio.has_region("US-PA")
    assert not ohio.has_region(None)
    assert Scope().has_region(None)


def test_those_who_see_the_same_are_one_audience_and_others_are_not() -> None:
    ohio = Scope(regions=frozenset({"US-OH"}))
    roles = EVERYBODY.roles
    assert Viewer("a", roles).audience == Viewer("b", roles).audience
    audiences = {
        Viewer("a", roles).audience,
        Viewer("a", roles, ohio).audience,
        Viewer("a", frozenset({"field"})).audience,
        Viewer("a", roles, language="fr").audience,
        Viewer("a", roles, may_change=frozenset()).audience,
    }
    assert len(audiences) == 5


# Which records of `audit-log` say that somebody took a list of people.
AUDIENCE: dict[str, Any] = {
    "at": "2026-02-02T10:00:00.000Z",
    "team": "digital",
    "what": "audience",
    "segment": "readers",
    "channel": None,
    "campaign_id": "ads-3",
    "answers": [],
    "counts": [
        {"decision": "allow", "reason": "admitted", "rows": 40},
        {"decision": "deny", "reason": "no_consent", "rows": 7},
    ],
    "detail": "exported",
}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, ("digital", "audience", "readers", 40)),
        ({"counts": AUDIENCE["counts"][1:]}, ("digital", "audience", "readers", 0)),
        ({"what": "permission"}, ("digital", "permission", "readers", 47)),
        ({"what": "permission", "viewer": "dana"}, ("dana", "permission", "readers", 47)),
        ({"what": "permission", "viewer": "dana", "reserved_s": 7_200}, ("dana", "reserve", "readers", 47)),
        *(({"detail": outcome}, None) for outcome in ("counted", "refused", "special_category")),
    ],
)
def test_a_list_that_was_taken_is_told_with_its_people(
    changed: dict[str, Any], told: tuple[object, ...] | None
) -> None:
    found = read_export(orjson.dumps({**AUDIENCE, **changed}))
    assert (found and (found.viewer, found.what, found.of, found.people)) == told


# Exports of people: few at once, since each is held whole.
RUNS = """import pathlib, sys, time
folder, name = pathlib.Path(sys.argv[1]), sys.argv[-1]
(folder / name).mkdir()
while not (folder / f"end {name}").exists(): time.sleep(0.01)
(folder / name).rmdir()
print(name)
"""


def running(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("van.*")]


async def test_no_more_exports_are_made_at_once_than_there_are_turns(tmp_path: Path) -> None:
    turns, command = asyncio.Semaphore(MOST_EXPORTS), (sys.executable, "-c", RUNS, str(tmp_path))
    names = [f"van.{number}" for number in range(6)]
    asked = [asyncio.create_task(held_of(name, turns, command)) for name in names]
    most = 0
    async with asyncio.timeout(120):
        for left in range(len(names), 0, -1):
            while len(now := running(tmp_path)) < min(MOST_EXPORTS, left):  # noqa: ASYNC110 (processes tell nobody)
                await asyncio.sleep(0.01)
            most = max(most, len(now))
            (tmp_path / f"end {now[0]}").mkdir()
            while now[0] in running(tmp_path):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        answers = await asyncio.gather(*asked)
    assert most == MOST_EXPORTS
    assert [answer.decode().strip() for answer in answers] == names
