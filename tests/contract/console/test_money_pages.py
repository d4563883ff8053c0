"""`/money`: who nears a limit is told to who may see that, has said why, and whose look is written down."""

from pathlib import Path

import pytest

import streams.services.console as room
from streams.services.console.pages.money import MONEY
from streams.services.console.rights import EVERYTHING, Scope, Viewer
from streams.services.console.roles import Role
from tests.contract.console.signed_in_console import SignedInConsole, Written
from tests.unit.services.console.evening import limiting_policy


@pytest.fixture
def console(evening: SignedInConsole) -> SignedInConsole:
    """Of an evening whose policy has a limit for the first committee."""
    evening.judge_by(limiting_policy)
    return evening


async def shown(console: SignedInConsole, *roles: Role, reason: str = "task", scope: Scope = EVERYTHING) -> str:
    """The page for somebody, who says why where a reason is given."""
    async with console.browser(Viewer("tess", frozenset(roles), scope)) as browser:
        if reason:
            assert (await console.post(browser, "/money/givers", reason=reason)).status_code == 303
        answer = await browser.get("/money")
    assert answer.status_code == 200
    return answer.text.partition("<main")[2]


async def test_whoever_is_shown_near_a_limit_is_in_the_audit_log_with_the_reason(
    console: SignedInConsole, written: Written
) -> None:
    page = await shown(console, "treasury")
    assert "over by $100.00" in page
    [record] = written.records
    assert (record["viewer"], record["reason"]) == ("tess", "task")
    named = [answer["contact_id"] for answer in record["answers"]]
    assert len(named) >= 4
    assert all(f">{name}</a>" in page for name in named)


async def test_without_a_reason_or_the_role_nobody_is_named_near_a_limit(
    console: SignedInConsole, written: Written
) -> None:
    page = await shown(console, "treasury", reason="")
    assert "Why do you look?" in page
    assert "Fewer than ten people" in page
    for nameless in (page, await shown(console, "figures", "field", "sending")):
        assert "/people/" not in nameless
        assert "van." not in nameless
    assert not written.records


async def test_where_kafka_does_not_take_the_record_nobody_is_named_near_a_limit(
    console: SignedInConsole, written: Written
) -> None:
    written.is_away = True
    assert "/people/" not in await shown(console, "treasury")


async def test_treasurer_of_one_committee_sees_no_other(console: SignedInConsole) -> None:
    page = await shown(console, "treasury", scope=Scope(committees=frozenset({"C00580100"})))
    assert "C00580100" in page
    assert "C00431445" not in page


def test_no_live_block_of_money_names_anybody() -> None:
    live = [block.template for block in MONEY.blocks if block.every_s]
    folder = Path(room.__file__).parent / "templates"
    assert not [name for name in live if "contact_id" in (folder / name).read_text(encoding="utf-8")]
