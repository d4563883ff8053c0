"""What pages show of doors, money and people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from events.channels import Channel
from events.identifiers import is_identity_hash
from events.json_types import JSON
from events.outputs import ContactProfile
from streams.domain.pressure import Decision
from streams.platform.settings import Settings
from streams.services.console.desk import Desk
from streams.services.console.desk_people import CommitteeStock, Event, Limit
from streams.services.console.desk_reading import Field, Gifts
from streams.services.console.desk_schema import HOUR_MS
from streams.services.console.maps import TurfMap, region_map
from streams.services.console.pages.field import (
    BallotRow,
    Fields,
    TurfFacts,
    ballot_rows,
    ballots,
    country_of,
    drawn_regions,
    legend,
    region_fields,
    region_total,
    turf_facts,
    turf_rows,
)
from streams.services.console.pages.money import (
    flow,
    hour_chart,
    hour_rows,
    limits_of,
    money_rows,
    stock_rows,
)
from streams.services.console.pages.person import MOST_WORDS, origins_of, timeline_rows, why_of
from streams.services.console.pages.person_looks import unknown_name
from streams.services.console.rendering import render_signed_out
from streams.services.console.rights import EVERYTHING, FEWEST, Scope, Viewer
from streams.services.console.small_cells import hidden_together, is_shown, shown_counts, shown_fields, shown_sums
from streams.services.console.words import Language, Words
from streams.services.permission.person_name import readable_meanings
from tests.unit.domain.contact.said import HOUR, NOON, profile_of, said
from tests.unit.services.console.evening import NOW, limiting_policy

EN = Words("en")
OHIO = Scope(regions=frozenset({"US-OH"}))


def test_turfs_where_nobody_is_come_first_also_those_that_only_the_map_has(desk: Desk) -> None:
    known = TurfMap(1, 1, {"oh-1": "M0 0z", "oh-9": "M0 0z"})
    rows = [*turf_rows(turf_facts(desk, "US-OH", NOW, EVERYTHING), "US-OH", known, NOW, EN)]
    assert rows[0].name == "oh-9"
    quiet = {row.name for row in rows if row.quiet_ms is not None}
    assert {"oh-9", "oh-3"} <= quiet
    assert "oh-1" not in quiet
    assert rows[0].attempts == 0


def test_a_turf_of_few_people_shows_its_attempts_only(desk: Desk) -> None:
    found = turf_facts(desk, "US-OH", NOW, EVERYTHING)
    rows = {row.name: row for row in turf_rows(found, "US-OH", None, NOW, EN)}
    assert (rows["oh-4"].attempts, rows["oh-4"].met, rows["oh-4"].supporters) == (6, None, None)
    shown = [row for row in rows.values() if row.met is not None]
    assert region_total(found, "US-OH").met == sum(row.met or 0 for row in shown)


def test_where_a_region_is_hidden_its_turfs_are_too_since_they_would_add_up_to_it() -> None:
    big, small = field("", 30), field("", 4)
    regions = [replace(big, region="US-OH"), replace(small, region="US-NV")]
    found = TurfFacts(Fields(0, [field("a", 15), field("b", 15)]), Fields(0, regions), {})
    rows = [*turf_rows(found, "US-OH", None, NOW, EN)]
    assert region_total(found, "US-OH").met is None
    assert [row.met for row in rows] == [None, None]


def test_ballots_of_few_people_are_hidden_on_every_page_and_do_not_follow_from_the_sum(desk: Desk) -> None:
    table = ballots(desk, EVERYTHING)["2012-general"]
    rows = {row.name: row for row in ballot_rows(table, None, EN)}
    assert rows["Nevada"].rejected is None
    assert [name for name, row in rows.items() if row.rejected is None] == ["Nevada", "Wisconsin"]
    [own] = ballot_rows(table, "US-NV", EN)
    assert own == BallotRow("Nevada", None, 0)


def test_a_viewer_of_ohio_gets_nothing_of_another_state(desk: Desk) -> None:
    assert [each.region for each in region_fields(desk, NOW, OHIO).rows] == ["US-OH"]
    assert not turf_facts(desk, "US-PA", NOW, OHIO).turfs.rows
    assert not turf_facts(desk, "US-PA", NOW, OHIO).curves
    assert [*ballots(desk, OHIO)["2012-general"]] == ["US-OH"]
    known = region_map("US")
    assert known is not None
    drawn = drawn_regions(known, region_fields(desk, NOW, OHIO), OHIO, EN)
    assert drawn.count("area unknown") == 50
    assert "Pennsylvania:" not in drawn


def test_the_map_is_of_the_country_of_most_reports_else_of_the_viewer_else_the_usual_one(desk: Desk) -> None:
    assert country_of(region_fields(desk, NOW, EVERYTHING).rows, EVERYTHING, "FR") == "US"
    assert country_of((), Scope(regions=frozenset({"FR-67"})), "US") == "FR"
    assert country_of((), EVERYTHING, "FR") == "FR"


def test_before_anything_is_followed_regions_are_unknown_on_the_map() -> None:
    known = region_map("US")
    assert known is not None
    assert drawn_regions(known, Fields(None, ()), EVERYTHING, EN).count("area unknown") == 51


def test_the_legend_has_each_number_once() -> None:
    shades = [*legend(10)]
    numbers = [number for each in shades for number in range(each.low, each.high + 1)]
    assert numbers == list(range(1, 11))
    assert not [*legend(3)]


def gifts(name: str, count: int, amount: int, refunded: int = 0, start_ms: int | None = None) -> Gifts:
    return Gifts((name,), start_ms, count, {"USD": amount}, int(refunded > 0), {"USD": refunded}, 0, 0)


def test_hours_committees_and_sources_add_up_to_the_day(desk: Desk) -> None:
    found = flow(desk, NOW, EVERYTHING)
    assert sum(each.gifts for each in found.hours) == found.whole.gifts
    for each in found.by.values():
        assert sum(one.net.get("USD", 0) for one in each) == found.whole.net["USD"]
    shown = [*money_rows(found.by["committee"], EN)]
    assert sum(row.net["USD"] for row in shown) == found.whole.net["USD"]


def test_refunds_lower_the_net_and_few_gifts_stand_together() -> None:
    rows = [*money_rows([gifts("a", 50, 5_000, 500), gifts("b", 12, 900), gifts("c", 3, 100)], EN)]
    assert [(row.name, row.net["USD"], row.together) for row in rows] == [
        ("a", 4_500, 0), ("2 with few gifts, together", 1_000, 2),
    ]  # fmt: skip


def test_no_gift_follows_from_the_total_where_other_hours_have_refunds_alone() -> None:
    refunds = [gifts("", 0, 0, 70, start_ms=place * HOUR_MS) for place in range(9)]
    rows = [*hour_rows([*refunds, gifts("", 1, 25, start_ms=9 * HOUR_MS), gifts("", 90, 900, start_ms=10 * HOUR_MS)])]
    assert [(row.start_ms, row.gifts, row.hours) for row in rows] == [(None, 91, 11)]


def test_of_fewer_than_ten_gifts_in_all_nothing_is_shown() -> None:
    assert not [*money_rows([gifts("a", 4, 100), gifts("b", 2, 10)], EN)]


def test_hours_of_few_gifts_are_one_line_and_no_column() -> None:
    starts = [place * HOUR_MS for place in range(3)]
    rows = [*hour_rows([gifts("", count, 10, start_ms=at) for at, count in zip(starts, (40, 12, 2), strict=True)])]
    assert [(row.start_ms, row.gifts, row.hours) for row in rows] == [(0, 40, 1), (None, 14, 2)]
    assert hour_chart(rows, starts, "USD", EN).count('class="unknown"') == 2


def test_a_line_of_hours_with_fewer_than_ten_gifts_together_has_no_sums() -> None:
    [row] = hour_rows([gifts("", 4, 10, start_ms=0), gifts("", 2, 10, start_ms=HOUR_MS)])
    assert (row.gifts, row.net, row.hours) == (None, None, 2)


def test_a_committee_with_few_givers_stands_with_another() -> None:
    stock = [CommitteeStock(name, "", {"USD": net}, people) for name, net, people in
             (("a", 900, 90), ("b", 200, 20), ("c", 10, 2))]  # fmt: skip
    rows = [*stock_rows([*stock, CommitteeStock("a", "2012", {"USD": 5}, 1)], EN)]
    assert [(row.name, row.net["USD"], row.people) for row in rows] == [
        ("a", 900, 90), ("2 with few givers, together", 210, 22),
    ]  # fmt: skip


def test_limits_are_those_of_the_policy_for_what_was_given_to() -> None:
    stock = [CommitteeStock("C00431445", "2012-general", {}, 1), CommitteeStock("C00431445", "", {}, 1),
             CommitteeStock("C9", "2012-general", {}, 1)]  # fmt: skip
    assert limits_of(limiting_policy().giving, stock) == [Limit("C00431445", "2012-general", "USD", 250_000)]


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        ("email", "No e-mail address is known."),
        ("text", "No number is known."),
        ("phone", "No number is known."),
        ("letter", "No address is known."),
    ],
)
def test_where_nobody_was_asked_about_an_address_an_unknown_one_is_none_that_is_known(
    channel: Channel, told: str
) -> None:
    assert Words("en").sentence(why_of(Decision("deny", "unknown_address"), channel)) == told
    assert Words("en").sentence(why_of(Decision("deny", "opted_out"), channel)) == "This person has answered STOP."


def heard(at_ms: int, team: str, channel: str = "email", type_: str = "email.delivered") -> Event:
    said = (type_, f"{team}/tool", f"{team}-{at_ms}", team, f"{team}-campaign", channel, "US-OH", "", "", "")
    return Event(at_ms, *said, None, None, machine=False, taken_back=False, superseded=False, details={})


def test_to_somebody_of_one_team_the_timeline_tells_of_others_by_channel_and_day_alone() -> None:
    """An open tells of a mail as well, so there is one line for a channel and day; a gift is no touch."""
    hour, own, gift = 3_600_000, heard(NOON, "field", "door"), heard(NOON, "finance", "", "donation.made")
    opened = heard(NOON + hour, "digital", type_="email.opened")
    back, knock = heard(NOON, "digital", "", "interaction.retracted"), heard(NOON, "polls", "", "canvass.reported")
    events = [opened, own, gift, back, knock, heard(NOON - hour, "digital"), heard(NOON - 24 * hour, "digital")]
    viewer = Viewer("ada", frozenset({"field"}), Scope(teams=frozenset({"field"})))
    assert timeline_rows(events, viewer, Words("en")) == [
        (NOON + hour, "email", None),
        (NOON, "door", own),
        (NOON, "", gift),
        (NOON - 24 * hour, "email", None),
    ]
    everybody = Viewer("ada", frozenset({"field"}))
    assert [event for _, _, event in timeline_rows(events, everybody, Words("en"))] == events


def shown(profile: ContactProfile, language: Language = "en") -> str:
    context = {**origins_of(profile), "now_ms": NOON}
    return " ".join(render_signed_out("person_origins.html", Words(language), context).split())


def told() -> ContactProfile:
    return profile_of(
        said("provenance.reported", "1", provenance={"kind": "rented", "file": "broker:17", "notice": "n1"}),
        said("form.submitted", "2", NOON + HOUR, form_id="f", provenance={"kind": "self"}),
        said("consent.changed", "3", channel="text", granted=True, purpose="online_ads", wording="w3", proof="scan:1"),
        said("email.unsubscribed", "4", NOON + HOUR, list_id="news"),
        said("consent.changed", "5", NOON + 2 * HOUR, channel="all", granted=True, sender="62012", basis="consent"),
    )


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ["A hired list · file broker:17 · notice n1", "no notice is known", "no proof is named", "Unsubscribed"],
        ),
        ("fr", ["Un fichier loué · fichier broker:17 · information n1", "aucune information connue", "preuve scan:1"]),
    ],
)
def test_each_place_and_each_word_is_a_line(language: Language, words: list[str]) -> None:
    page = shown(told(), language)
    assert [word for word in words if word not in page] == []
    assert page.index("62012") < page.index("news") < page.index("online_ads")


@pytest.mark.parametrize(
    ("notice", "told"),
    [
        ({"notice_by": "letter", "notice_at": "2012-02-20T08:00:00Z"}, "notice n2, by letter, Mon, Feb 20, 2012"),
        ({"obtained_at": "2012-01-01T08:00:00Z"}, "notice n2, Thu, Mar 1, 2012"),
    ],
    ids=["dated", "as of the interaction"],
)
def test_a_notice_is_told_with_how_and_when(notice: dict[str, JSON], told: str) -> None:
    roll: dict[str, JSON] = {"kind": "voter_list", "notice": "n2", **notice}
    assert told in shown(profile_of(said("provenance.reported", provenance=roll)))


def test_of_whom_nothing_was_said_that_is_said() -> None:
    page = shown(profile_of(said("rsvp.made", event_id="e")))
    assert "No interaction says where this comes from." in page
    assert "Nothing was said on consent." in page


def test_the_latest_words_are_shown_and_how_many_more_there_are() -> None:
    words = [said("email.unsubscribed", f"{n}", NOON + n, list_id=f"l{n}") for n in range(MOST_WORDS + 3)]
    page = shown(profile_of(*words))
    assert "List l52" in page
    assert "List l2 " not in page
    assert "and 3 more" in page


@pytest.mark.parametrize("typed", ["555-123-4567", "5551234567", "john.smith", "OH:123", "ada.lovelace:1815-12-10"])
def test_of_what_was_typed_only_a_hash_is_written_down_where_nobody_is_known_by_it(typed: str) -> None:
    hasher = Settings().hasher
    [(_, names), *_] = readable_meanings(typed, hasher)
    written = unknown_name(names[0], hasher)
    assert is_identity_hash(written)
    assert written == unknown_name(typed, hasher)


def test_a_hash_is_written_down_as_it_is() -> None:
    hasher = Settings().hasher
    [(_, [name])] = readable_meanings("ada@example.org", hasher)
    assert unknown_name(name, hasher) == name


def field(turf: str, people: int | None, contacted: int = 1) -> Field:
    return Field("US-OH", turf, (people or 0) + 5, contacted, 0, people, {}, 0)


def test_one_small_turf_is_hidden_with_the_next_larger_one_and_attempts_stay() -> None:
    fields = [field("a", 50), field("b", 12), field("c", 3)]
    shown, count = shown_fields(fields)
    assert [each.turf for each in fields if is_shown(each, shown)] == ["a"]
    assert count == 2
    whole = hidden_together(fields, shown)
    assert whole is not None
    assert (whole.people, whole.attempts) == (15, 25)


def test_of_few_people_in_all_not_even_the_sum_is_shown() -> None:
    fields = [field("a", 4), field("b", 5)]
    shown, _ = shown_fields(fields)
    assert not shown
    assert hidden_together(fields, shown) is None


def test_where_the_number_of_people_is_not_known_nothing_they_said_is_shown() -> None:
    fields = [field("a", 400), field("b", None)]
    shown, count = shown_fields(fields)
    assert (shown, count) == (frozenset(), 2)
    assert hidden_together(fields, shown) is None


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8))
def test_no_small_turf_follows_from_the_others_and_the_sum(counts: list[int]) -> None:
    fields = [field(str(place), people) for place, people in enumerate(counts)]
    shown, _ = shown_fields(fields)
    hidden = [each.people or 0 for each in fields if not is_shown(each, shown)]
    whole = sum(counts)
    assert all(people == 0 or people >= FEWEST for place, people in enumerate(counts) if is_shown(fields[place], shown))
    if hidden and whole >= FEWEST:
        assert len(hidden) > 1
        assert sum(hidden) >= FEWEST


@given(st.dictionaries(st.sampled_from("abcdef"), st.fixed_dictionaries({"rejected": st.integers(0, 25)}), min_size=1))
def test_no_small_number_of_ballots_follows_from_the_others_and_the_sum(table: dict[str, dict[str, int]]) -> None:
    shown, total = shown_counts(table), shown_sums(table)["rejected"]
    counts = {name: row["rejected"] for name, row in shown.items()}
    assert all(count is None or count == 0 or count >= FEWEST for count in counts.values())
    hidden = [table[name]["rejected"] for name, count in counts.items() if count is None]
    if hidden and total is not None:
        assert len(hidden) > 1
        assert sum(hidden) >= FEWEST


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (9, None), (10, 10)])
def test_a_sum_of_fewer_than_ten_people_is_not_shown(count: int, shown: int | None) -> None:
    assert shown_sums({"a": {"rejected": count}}) == {"rejected": shown}
