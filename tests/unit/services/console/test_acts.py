"""The one list of what can be changed from the console, and what derives from it."""

from pathlib import Path
from typing import cast

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from markupsafe import Markup
from pydantic import ValidationError
from redis.asyncio import Redis

from events.console_acts import CONSOLE_ACTS
from streams.platform.settings import Settings
from streams.services.console.acting.handlers import HANDLERS
from streams.services.console.acts import ACT_SPECS, SPEC_OF, changing, made_anew
from streams.services.console.app import ROUTES
from streams.services.console.dependencies import ConsoleDependencies
from streams.services.console.gate import Console
from streams.services.console.live import Hub
from streams.services.console.people import People
from streams.services.console.rendering import CSRF_PLACE, ONCE_PLACE, for_reader
from streams.services.console.rights import ROLES_OF
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
