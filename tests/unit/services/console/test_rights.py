import pytest

from events.console_acts import ConsoleAct
from streams.services.console.app import PAGES
from streams.services.console.rights import ACTS, CHANGING, ROLES_OF, Act, Scope, Viewer, lacking, may
from streams.services.console.roles import ROLES, Role

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
