"""`/field` and its regions: whose scope is one region sees, opens and follows no other."""

import re

from streams.services.console.rights import Scope, Viewer
from tests.contract.console.signed_in_console import SignedInConsole, page_of

FINN = Viewer("finn", frozenset({"field"}), Scope(regions=frozenset({"US-OH"})))


async def test_field_director_of_ohio_sees_opens_and_follows_nothing_of_another_state(evening: SignedInConsole) -> None:
    for path in ("/", "/field"):
        page = (await page_of(evening, path, FINN)).partition("<main")[2]
        text = re.sub("<svg.*?</svg>", "", page, flags=re.DOTALL)  # a map names regions of which it shows nothing
        assert "Ohio" in text
        assert not [name for name in ("Pennsylvania", "Nevada", "Wisconsin", "ask-9", "$") if name in text]
    await page_of(evening, "/field/US-OH", FINN)
    await page_of(evening, "/field/US-PA", FINN, 404)
    await page_of(evening, "/events?page=field_region&region=US-PA", FINN, 404)
