"""The foot of a page explains the words of the field that stand on it, in the reader's language."""

import pytest

from streams.services.console.rights import Scope, Viewer
from tests.contract.console.signed_in_console import STRATEGIST, SignedInConsole, page_of

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
