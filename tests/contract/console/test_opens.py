"""Every page opens, in both languages."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from streams.services.console.desk import Desk
from streams.services.console.desk_access import DeskReader
from streams.services.console.rights import Scope, Viewer
from tests.contract.console.signed_in_console import NOW, STRATEGIST, SignedInConsole, page_of
from tests.contract.console.test_experiment_pages import filled
from tests.contract.redis_server import RedisServer
from tests.unit.domain.experiments.example import gotv
from tests.unit.services.console.desk_records import said, writer_at

EXPERIMENT = "gotv-subject-lines"
ALL = "Each open that the sender reports counts"
PEOPLE = "Opens that the sender says a program made are left out."
ASSIGNED = "Only people who were assigned to a variant count"


@pytest.fixture
async def console(redis_server: RedisServer, redis_client: Redis, tmp_path: Path) -> SignedInConsole:
    desk = mailed(tmp_path)
    desk.close()
    result = gotv()
    for each in result["variants"].values():
        each["metrics"]["opened"] = {"sum": 167_300, "mean": 0.1}
    await filled(redis_server, result)
    return SignedInConsole(redis_client, tmp_path, DeskReader(tmp_path / "desk.sqlite"))


def mailed(folder: Path) -> Desk:
    """A desk of two mailings: one carries the experiment, and its seven opens are a program's but for five.

    Minutes later something is heard of the other one.
    """
    writer = writer_at(folder)
    records = []
    for campaign, carried in (("gotv-3", {"experiment": {"id": EXPERIMENT, "variant": "deadline"}}), ("ask-9", {})):
        for number in range(7):
            who, message = f"c{number}", {"message_id": f"{campaign}-{number}", "campaign_id": campaign}
            opened = {**message, "machine": number > 4}
            records.append(said(who, f"s-{campaign}-{number}", "email.sent", {**message, **carried}, at=NOW - 9_000))
            records.append(said(who, f"o-{campaign}-{number}", "email.opened", opened, at=NOW - 5_000))
    writer.write(records, [])
    arm = {"campaign_id": "assigned-4", "experiment": {"id": EXPERIMENT, "variant": "deadline"}}
    mail = {"campaign_id": "assigned-4", "message_id": "assigned-4-0"}
    assigned = [said("c0", "a-0", "experiment.assigned", arm, at=NOW), said("c0", "o-a", "email.opened", mail, at=NOW)]
    writer.write([*assigned, said("c0", "s-a-0", "email.sent", mail, at=NOW)], [])
    later = {"message_id": "ask-9-0", "campaign_id": "ask-9"}
    writer.write([said("c0", "later", "email.clicked", later, at=NOW + 120_000)], [])
    return writer.desk


async def page(console: SignedInConsole, path: str, viewer: Viewer = STRATEGIST) -> str:
    """What a page says of opens."""
    return (await page_of(console, path, viewer)).partition("block-opens")[2].partition("</section>")[0]


async def test_a_campaign_tells_all_opens_those_by_people_and_those_of_its_experiment_side_by_side(
    console: SignedInConsole,
) -> None:
    text = await page(console, "/campaigns/gotv-3")
    for why, figure in ((ALL, ">7<"), (PEOPLE, ">5<"), (ASSIGNED, "501.9")):
        assert why in text
        assert figure in text
    assert f'href="/experiments/{EXPERIMENT}"' in text


async def test_an_experiment_tells_the_same_three_figures_as_its_campaign(console: SignedInConsole) -> None:
    text = await page(console, f"/experiments/{EXPERIMENT}")
    for told in (ALL, ">7<", PEOPLE, ">5<", ASSIGNED, "501.9", 'href="/campaigns/gotv-3"'):
        assert told in text
    assert "ask-9" not in text


async def test_a_campaign_without_an_experiment_says_that_none_counts_its_opens(console: SignedInConsole) -> None:
    text = await page(console, "/campaigns/ask-9")
    assert "No experiment counts these opens." in text
    assert ASSIGNED not in text


async def test_a_campaign_carries_the_experiment_for_which_somebody_was_assigned_in_its_name(
    console: SignedInConsole,
) -> None:
    """Its mail says nothing of the experiment."""
    text = await page(console, "/campaigns/assigned-4")
    assert f'href="/experiments/{EXPERIMENT}"' in text
    assert 'href="/campaigns/assigned-4"' in await page(console, f"/experiments/{EXPERIMENT}")


async def test_who_sees_one_region_is_told_nothing_of_an_experiment_of_all(console: SignedInConsole) -> None:
    text = await page(
        console, "/campaigns/gotv-3", Viewer("finn", frozenset({"figures"}), Scope(regions=frozenset({"US-OH"})))
    )
    assert ">7<" in text
    assert EXPERIMENT not in text


OPERATOR = Viewer("olga", frozenset({"operations"}), Scope())
TOLD = "Whoever operates Harmonia does what stands here."


async def test_a_page_explains_the_words_that_stand_on_it_and_no_others(evening: SignedInConsole) -> None:
    foot = (await page_of(evening, "/segments/new", STRATEGIST)).partition('<details class="words">')[2]
    assert "<dt>condition</dt><dd>One thing that a segment asks of a person" in foot
    assert "<dt>dead letter</dt>" not in foot


@pytest.mark.parametrize(("viewer", "is_told"), [(STRATEGIST, True), (OPERATOR, False)])
async def test_who_does_not_operate_the_system_is_told_whom_to_tell_where_a_runbook_names_commands(
    evening: SignedInConsole, viewer: Viewer, is_told: bool
) -> None:
    assert (TOLD in await page_of(evening, "/status/sink-behind", viewer)) is is_told
