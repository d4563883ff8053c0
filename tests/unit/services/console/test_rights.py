"""Rights, segments and notices."""

import orjson
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from events.console_acts import ConsoleAct
from events.outputs import CampaignTransparency
from streams.domain.advertising.transparency import ChosenAudience
from streams.domain.file_mistakes import FileMistakes
from streams.domain.segments.conditions import KINDS
from streams.domain.segments.definition_files import read_segment, read_segments
from streams.services.console.app import PAGES
from streams.services.console.rights import ACTS, CHANGING, ROLES_OF, Act, Scope, Viewer, lacking, may
from streams.services.console.roles import ROLES, Role
from streams.services.console.segment_rows import (
    FIELDS,
    PLACES,
    ConditionRow,
    SegmentForm,
    changed_form,
    draft_of_form,
    form_of,
    form_table,
    read_form,
    row_numbers,
)
from streams.services.console.transparency_notice import DATA, LABEL, PAGE, notice_files
from streams.services.console.words import Language, Words
from tests.property.domain.segments.definitions import Table, read, tables
from tests.unit.domain.advertising.test_advertising import RECORD

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


def posted(form: SegmentForm) -> dict[str, str]:
    """What is sent of a form that nobody touches."""
    said = {"id": form.id, "owner": form.owner, **({"members": "on"} if form.members else {})}
    for number, row in enumerate(form.rows):
        said |= {f"row-{number}-kind": row.kind, f"row-{number}-place": row.place}
        said |= {f"row-{number}-{name}": value for name, value in row.values.items()}
    return said


@given(tables(3))
def test_a_form_says_what_its_definition_says_or_there_is_none(found: list[Table]) -> None:
    for definition in read(found):
        form = form_of(definition)
        event(f"a form: {form is not None}")
        if form is not None:
            assert read_segment(form_table(read_form(posted(form)))) == definition
            assert read_segments(draft_of_form(form).text) == [definition]


def test_groups_within_groups_and_three_bounds_are_no_form() -> None:
    nested = read_segment({"id": "s", "all": [{"any": [{"tag": "host"}]}]})
    bounds = read_segment({"id": "s", "all": [{"gifts": "count", "at_least": 1, "above": 0, "below": 9}]})
    for definition in (nested, bounds):
        assert not isinstance(definition, FileMistakes)
        assert form_of(definition) is None


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(sorted(KINDS))), max_size=5), st.data())
def test_rows_are_added_at_the_end_and_taken_out_one_by_one(rows: list[tuple[str, str]], data: st.DataObject) -> None:
    form: SegmentForm | None = SegmentForm("s")
    for place, kind in rows:
        assert form is not None
        form = changed_form(form, f"add:{place}", kind, "EUR")
    assert form is not None
    assert [(row.place, row.kind) for row in form.rows] == rows
    if rows:
        number = data.draw(st.integers(0, len(rows) - 1))
        less = changed_form(form, f"remove:{number}", "", "EUR")
        assert less is not None
        assert [(row.place, row.kind) for row in less.rows] == [*rows[:number], *rows[number + 1 :]]
    assert changed_form(form, "count", "gifts", "EUR") is None
    assert changed_form(form, "add:all", "nobody", "EUR") == changed_form(form, "remove:x", "", "EUR") == form


def test_what_is_typed_wrongly_stays_and_is_told_by_its_row() -> None:
    row = ConditionRow("none", "gifts", {"gifts": "sum", "within": "a year", "compare1": "above", "number1": "many"})
    form = SegmentForm("s", rows=(ConditionRow("all", "tag", {"tag": "host"}), row))
    assert row_numbers(form) == {"all[0]": 1, "none[0]": 2}
    found = read_segment(form_table(form))
    assert isinstance(found, FileMistakes)
    assert sorted(each.key for each in found.found) == ["none[0].above", "none[0].within"]
    assert read_form(posted(form)) == form


def test_every_condition_has_a_field_that_names_it_first() -> None:
    assert all(fields[0].name == head for head, fields in FIELDS.items())
    assert FIELDS.keys() == KINDS.keys()


FULL: CampaignTransparency = {
    **RECORD,
    "sponsor": "Liste <Ada>",
    "controlled_by": "Parti A",
    "funding": "mixed",
    "notice_url": "https://example.org/ads-3",
}
CHOSEN = ChosenAudience("2026-02-02T10:00:00.000Z", ('paris: all: {"region":"FR-75"}',), 4_000, 300)


def files(language: Language, *audiences: ChosenAudience, record: CampaignTransparency = FULL) -> dict[str, str]:
    found = notice_files([RECORD, record], audiences, Words(language, "Europe/Paris"))
    return {name: content.decode() for name, content in found.items()}


def test_the_label_says_that_it_is_an_ad_who_pays_for_which_election_and_where_more_is() -> None:
    assert files("en")[LABEL] == (
        "Political advertisement · paid for by Liste <Ada> · controlled by Parti A · election: 2026-municipales · "
        "transparency notice: https://example.org/ads-3\n"
    )
    assert files("fr", record=RECORD)[LABEL] == (
        "Annonce à caractère politique · payée par Liste Ada · élection\u00a0: 2026-municipales\n"
    )


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Transparency notice", "€1,250.50", "private and public money", "4,000", "1 earlier version"]),
        ("fr", ["Avis de transparence", "1 250,50 €", "fonds privés et publics", "4 000", "1 version antérieure"]),
    ],
)
def test_the_notice_tells_it_in_the_readers_language(language: Language, words: list[str]) -> None:
    shown = files(language, CHOSEN)[PAGE].replace("\u202f", " ").replace("\xa0", " ")
    assert [word for word in words if word not in shown] == []
    assert "Liste &lt;Ada&gt;" in shown
    assert "FR-75" in shown


def test_a_campaign_for_which_nobody_was_chosen_says_so() -> None:
    assert "directed to nobody in particular" in files("en")[PAGE]
    assert "directed to nobody in particular" not in files("en", CHOSEN)[PAGE]


def test_programs_get_the_same() -> None:
    data = orjson.loads(files("en", CHOSEN)[DATA])
    assert (data["record"], data["earlier_versions"]) == ({**FULL}, [{**RECORD}])
    assert data["audiences"] == [{**CHOSEN._asdict(), "criteria": [*CHOSEN.criteria]}]
