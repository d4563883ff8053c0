"""`provenance`: where what is known of a person comes from, as far as interactions say so."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from events.contact import HashedContact
from events.fields import LABEL_PATTERN
from events.interactions.base import NoticeWay, ProvenanceKind
from events.json_types import JSON
from events.times import render_time
from streams.domain.contact import ContactState, fold, profile
from streams.domain.contact.facts.from_interactions import fact_of
from streams.domain.contact.facts.notices import kept_notice, notice_in
from streams.domain.contact.merging import person
from streams.domain.contact.publication.size_limit import bounded, reduced
from streams.domain.pressure.notices import is_notice_due
from tests.unit.domain.contact.said import (
    DONOR,
    HOUR,
    NOON,
    Arrival,
    folded,
    gift,
    profile_by_the_fold,
    profile_of,
    report,
    retracted,
    said,
)

ROLL: dict[str, JSON] = {"kind": "voter_list", "file": "rolls-2012", "obtained_at": "2012-02-01T01:00:00+01:00"}
FORM: dict[str, JSON] = {"kind": "self", "notice": "art13/v2"}
ADA, PHONE = "email:" + "1" * 32, "phone:" + "2" * 32


def test_what_comes_from_one_place_is_one_entry_of_the_first_that_says_so() -> None:
    known = profile_of(
        said("provenance.reported", "1", NOON, provenance=ROLL),
        said("form.submitted", "2", NOON - HOUR, form_id="f", provenance=FORM),
        said("ballot.reported", "3", NOON + HOUR, election="e", status="voted", provenance=ROLL),
        gift("4", 500, provenance={"kind": "self"}),
        report("5"),
    )
    first, roll, given = known["provenance"]
    assert (first["kind"], first["notice"], first["id"], "file" in first) == ("self", "art13/v2", "2", False)
    assert roll == {
        "kind": "voter_list",
        "file": "rolls-2012",
        "obtained_at": "2012-02-01T00:00:00.000Z",
        "first_at": "2012-03-01T12:00:00.000Z",
        "last_at": "2012-03-01T13:00:00.000Z",
        "count": 2,
        "addresses": [],
        "source": "team/a",
        "id": "1",
    }
    assert (given["count"], "notice" in given) == (1, False)
    assert known["counts"]["provenance.reported"] == 1


def test_what_was_got_after_a_notice_is_an_entry_of_its_own() -> None:
    """Else nobody could tell that there is something of which no notice was given yet."""
    rented: dict[str, JSON] = {"kind": "rented", "file": "a"}
    told: dict[str, JSON] = {**rented, "notice": "v1", "notice_at": "2012-03-01T13:00:00Z"}
    got_before: dict[str, JSON] = {**rented, "obtained_at": "2012-02-01T00:00:00Z"}
    heard = [
        said("provenance.reported", f"{number}", NOON + hours * HOUR, provenance=each)
        for number, (hours, each) in enumerate(
            [(0, rented), (0, got_before), (1, rented), (2, rented), (3, got_before), (4, rented), (5, told), (6, told)]
        )
    ]
    elsewhere = said("provenance.reported", "x", NOON + 3 * HOUR, provenance={**rented, "file": "b", "notice": "v1"})
    known = profile_of(*reversed(heard), elsewhere)["provenance"]
    shown = [(item["id"], item["count"], item["last_at"][11:13]) for item in known if item["id"] != "x"]
    assert shown == [("0", 2, "13"), ("1", 2, "15"), ("3", 2, "16"), ("6", 2, "18")]


def test_what_a_producer_says_of_age_and_a_roll_of_a_voter_is_shown_as_it_is_said() -> None:
    more: dict[str, JSON] = {"of_age": True, "age_band": "25-34", "sex": "f", "polling_station": "75111-0012"}
    known = profile_of(
        said("provenance.reported", "1", NOON, provenance={**ROLL, **more}),
        said("form.submitted", "2", NOON + HOUR, form_id="f", provenance={**FORM, "of_age": False}),
        said("form.submitted", "3", NOON + HOUR, form_id="f", provenance=FORM),
    )
    roll, young, form = known["provenance"]
    assert {name: roll[name] for name in more} == more  # type: ignore[literal-required]
    assert young["of_age"] is False
    assert not {*more} & {*form}


@pytest.mark.parametrize(
    ("name", "wrong"), [("of_age", "yes"), ("of_age", 1), ("age_band", "1987-03-12"), ("sex", "F"), ("sex", "")]
)
def test_what_is_said_of_age_and_sex_has_to_be_in_these_words(name: str, wrong: JSON) -> None:
    with pytest.raises(ValidationError):
        said("provenance.reported", "1", provenance={**ROLL, name: wrong})


def test_of_too_many_entries_the_last_words_on_age_are_shown() -> None:
    """Whoever is too young by a late word of an early source must not be taken for somebody of age."""
    many: list[tuple[str, JSON]] = [(f"r{number}", {"kind": "rented", "file": f"l-{number}"}) for number in range(600)]
    of_age: JSON = {"kind": "rented", "file": "l-400", "of_age": True}
    young: JSON = {"kind": "rented", "file": "l-400", "of_age": False}
    told = [*many[:300], ("a", of_age), ("y", young), *many[300:], ("b", of_age), ("z", young)]
    known = profile_by_the_fold(
        *(said("provenance.reported", id_, NOON + at, provenance=said_so) for at, (id_, said_so) in enumerate(told))
    )
    assert [(each["of_age"], each["count"]) for each in known["provenance"] if "of_age" in each] == [
        (True, 2),
        (False, 2),
    ]


def test_a_notice_is_told_with_how_and_when_it_was_given() -> None:
    given: dict[str, JSON] = {"notice": "art14/v1", "notice_by": "letter", "notice_at": "2012-02-20T01:00:00+01:00"}
    bare = said("provenance.reported", "1", provenance={**ROLL, "notice": "art14/v1"})
    whole = said("provenance.reported", "2", NOON + HOUR, provenance={**ROLL, **given})
    first, second = profile_of(whole, bare, whole)["provenance"]
    assert (first["notice"], "notice_by" in first, "notice_at" in first) == ("art14/v1", False, False)
    told = second["notice"], second["notice_by"], second["notice_at"]
    assert told == ("art14/v1", "letter", "2012-02-20T00:00:00.000Z")
    assert (second["count"], second["id"]) == (1, "2")


def test_how_and_when_of_a_notice_that_has_no_version_mean_nothing() -> None:
    [entry] = profile_of(said("provenance.reported", provenance={**ROLL, "notice_by": "letter"}))["provenance"]
    assert {"notice", "notice_by", "notice_at"}.isdisjoint(entry)


@pytest.mark.parametrize(
    ("field", "value"), [("notice_by", "pigeon"), ("notice_at", "yesterday"), ("notice", "art 14|v1")]
)
def test_a_notice_that_is_none_is_refused_and_of_a_no_left_out(field: str, value: str) -> None:
    with pytest.raises(ValidationError, match=field):
        said("provenance.reported", provenance={**ROLL, field: value})
    no = said("consent.changed", channel="email", granted=False, provenance={**ROLL, "notice": "n1", field: value})
    [entry] = profile_of(no)["provenance"]
    assert (entry["kind"], field in entry) == ("voter_list", False)


def test_a_state_of_before_keeps_its_notice_as_it_was() -> None:
    assert kept_notice("art14/v1", None, None) == "art14/v1"
    assert notice_in("art14/v1") == ("art14/v1", None, None)


@given(
    st.from_regex(LABEL_PATTERN, fullmatch=True),
    st.none() | st.sampled_from(get_args(NoticeWay)),
    st.none() | st.integers(-(10**13), 10**13),
)
def test_what_is_kept_of_a_notice_is_what_was_said(version: str, by: str | None, at: int | None) -> None:
    assert notice_in(kept_notice(version, by, None if at is None else render_time(at)) or "") == (version, by, at)


def test_of_too_many_entries_the_first_of_each_kind_is_shown() -> None:
    """Whoever looks for what came of a kind finds it, however many files of another kind there are."""
    rented = [(f"r{number}", "rented", f"list-{number}") for number in range(300)]
    own = [(f"s{number}", "self", f"form-{number}") for number in range(400)]
    known = profile_by_the_fold(
        *(
            said("provenance.reported", id_, NOON + at, provenance={"kind": kind, "file": file})
            for at, (id_, kind, file) in enumerate([*rented, ("v", "vendor", "one"), *own])
        )
    )
    assert {entry["kind"] for entry in known["provenance"]} == {"rented", "vendor", "self"}
    assert len(known["provenance"]) + known["provenance_left_out"] == 701


def test_who_says_nothing_of_it_has_no_provenance() -> None:
    bought = said("provenance.reported", "1", provenance=ROLL)
    assert "provenance" not in profile_of(gift("1", 5))
    assert "provenance" not in profile_of(bought, retracted("1"))


def test_an_address_is_shown_with_what_named_it() -> None:
    def heard(arrival: Arrival, **names: str) -> ContactState:
        data = arrival.interaction.data.model_copy(update={"contact": HashedContact.model_validate(names)})
        head = arrival.interaction.id, arrival.interaction.source, arrival.interaction.type, None
        return fold(ContactState(), [fact_of(head, arrival.interaction.time, data, NOON)])[0]

    bought = heard(said("provenance.reported", "1", provenance=ROLL), email=ADA, phone=PHONE)
    told = heard(said("form.submitted", "2", NOON + HOUR, form_id="f", provenance=FORM), phone=PHONE)
    both = [{"ref": "1" * 16, "channel": "email"}, {"ref": "2" * 16, "channel": "phone"}]
    assert profile(ADA, bought)["provenance"][0]["addresses"] == both
    whole = profile("crm.ada", person({"crm.ada": ContactState(), ADA: bought, PHONE: told}))
    assert [item["addresses"] for item in whole["provenance"]] == [both, both[1:]]


def test_of_a_part_that_is_too_large_what_a_notice_is_asked_of_is_shown_and_no_more() -> None:
    """The first row, the notice, and the first row after it, of which another notice is asked."""
    state = folded(
        said("consent.changed", "1", channel="email", granted=False, provenance=FORM),
        report("2", outcome="refused", provenance={"kind": "canvass"}),
        *(
            said("provenance.reported", f"r{at}", NOON + at * HOUR, provenance={"kind": "rented", "file": file, **more})
            for at, (file, more) in enumerate(
                [("a", {"sex": "f"}), ("b", {}), ("a", {"notice": "n1"}), ("a", {"sex": "m"})]
            )
        ),
    )
    shown = profile(DONOR, reduced(state))["provenance"]
    assert {(item["kind"], item.get("file"), item.get("notice"), "sex" in item) for item in shown} == {
        ("canvass", None, None, False),
        ("rented", "a", None, False),
        ("rented", "a", "n1", False),
        ("rented", "b", None, False),
    }
    assert [item["id"] for item in shown if item.get("file") == "a"] == ["r0", "r2", "r3"]
    assert len(shown) == 5
    last = profile(DONOR, reduced(state, unnamed=True))["provenance"]
    assert {(item["kind"], item.get("file"), item.get("notice")) for item in last} == {
        ("canvass", None, None),
        ("rented", "a", None),
        ("rented", "a", "n1"),
    }
    back = folded(*_two_rows(), retracted("r0"))
    assert [item["source"] + item["id"] for item in profile(DONOR, reduced(back))["provenance"]] == ["team/ar1"]


def _two_rows() -> list[Arrival]:
    return [said("provenance.reported", f"r{at}", NOON + at, provenance={"kind": "rented"}) for at in range(2)]


def test_a_no_of_a_part_that_is_too_large_asks_for_no_notice_that_was_given() -> None:
    """It was got when the row was, also where it says so itself: told later, it is the same data."""
    row: dict[str, JSON] = {"kind": "rented", "file": "a"}
    again: dict[str, JSON] = {**row, "obtained_at": "2012-02-01T00:00:00Z"}
    state = folded(
        said("provenance.reported", "1", NOON, provenance=row),
        said("provenance.reported", "2", NOON + HOUR, provenance={**row, "notice": "n1"}),
        said("consent.changed", "3", NOON + 2 * HOUR, channel="email", granted=False, provenance=again),
        said("provenance.reported", "4", NOON + 3 * HOUR, provenance={**again, "of_age": False}),
    )
    for unnamed in (False, True):
        shown = profile(DONOR, reduced(state, unnamed=unnamed))
        assert (len(shown["provenance"]), is_notice_due(shown, NOON + 9 * HOUR)) == (4, False)


def test_of_a_part_that_is_too_large_it_counts_what_another_part_says_of_notices() -> None:
    """Rows lie under one id, and who sends the notice reports it under an address."""
    part = folded(*(said("provenance.reported", f"r{at}", NOON + at, provenance={"kind": "rented"}) for at in (0, 2)))
    told = folded(said("provenance.reported", "n", NOON + 1, provenance={"kind": "rented", "notice": "n1"}))
    for own, due in (
        (told, True),
        (folded(retracted("r0")), True),
        (folded(retracted("r0"), retracted("r2", "s")), False),
    ):
        shown = profile(DONOR, person(bounded({DONOR: own, "b": part}, 0)))
        assert is_notice_due(shown, NOON + HOUR) == due


def test_of_a_part_that_is_too_large_the_notice_that_was_given_last_is_shown() -> None:
    """Not the one that was told last, which may be an early one."""
    row: dict[str, JSON] = {"kind": "rented", "file": "a"}
    notices = [(1, {"notice": "n2"}), (2, {"notice": "n1", "notice_at": "2012-02-20T00:00:00Z"})]
    state = folded(
        said("provenance.reported", "0", NOON, provenance=row),
        *(said("provenance.reported", f"{at}", NOON + at, provenance={**row, **more}) for at, more in notices),
    )
    shown = profile(DONOR, reduced(state))
    assert [item.get("notice") for item in shown["provenance"]] == [None, "n2"]
    assert not is_notice_due(shown, NOON + HOUR)


def test_who_is_too_young_keeps_the_file_and_the_notice_where_a_part_is_too_large() -> None:
    row: dict[str, JSON] = {"kind": "vendor", "file": "a", "of_age": False, "notice": "n1"}
    [item] = profile(DONOR, reduced(folded(said("provenance.reported", "1", provenance=row))))["provenance"]
    assert {key: item.get(key) for key in row} == row


def test_of_too_many_entries_the_last_notice_of_each_kind_and_file_is_shown() -> None:
    """A row of which the person was told is not denied once they have very many others."""
    row: dict[str, JSON] = {"kind": "rented", "file": "a"}
    rows = [row, {**row, "notice": "n1"}, {**row, "notice": "n2"}]
    rows += [
        {"kind": "canvass", "file": "d", "age_band": f"{age}-{age + 1}", "notice": f"n{n}"}
        for age in range(18, 48)
        for n in range(20)
    ]
    known = profile_by_the_fold(
        *(said("provenance.reported", f"{at}", NOON + at * HOUR, provenance=each) for at, each in enumerate(rows))
    )
    assert known["provenance_left_out"] == len(rows) - 500
    assert [item.get("notice") for item in known["provenance"] if item["kind"] == "rented"] == [None, "n2"]


def test_of_too_many_entries_an_early_notice_that_is_told_late_hides_no_later_one() -> None:
    row: dict[str, JSON] = {"kind": "rented", "file": "a"}
    rows = [row, {**row, "notice": "n2"}, {**row, "notice": "n1", "notice_at": "2012-02-20T00:00:00Z"}]
    rows += [{"kind": "canvass", "file": f"d-{number}"} for number in range(600)]
    known = profile_by_the_fold(
        *(said("provenance.reported", f"{at}", NOON + at * HOUR, provenance=each) for at, each in enumerate(rows))
    )
    assert [item.get("notice") for item in known["provenance"] if item["kind"] == "rented"] == [None, "n2"]


def test_of_too_many_entries_the_first_row_after_all_notices_is_shown() -> None:
    """Of it a notice is to be given yet, however many others came since."""
    row: dict[str, JSON] = {"kind": "rented", "file": "a"}
    rows = [row, {**row, "notice": "n1"}, row, {**row, "sex": "f"}, row]
    rows += [{"kind": "canvass", "file": f"d-{number}"} for number in range(600)]
    known = profile_by_the_fold(
        *(said("provenance.reported", f"{at}", NOON + at * HOUR, provenance=each) for at, each in enumerate(rows))
    )
    assert known["provenance_left_out"] == 604 - 500
    assert [(item["id"], item["count"]) for item in known["provenance"] if item["kind"] == "rented"] == [
        ("0", 1),
        ("1", 1),
        ("2", 2),
    ]


@pytest.mark.parametrize("kind", ["census", "", "Self"])
def test_no_other_kind_of_source_is_taken(kind: str) -> None:
    with pytest.raises(ValidationError):
        said("provenance.reported", "1", provenance={"kind": kind})


@pytest.mark.parametrize("kind", get_args(ProvenanceKind))
def test_each_kind_is_kept(kind: ProvenanceKind) -> None:
    [item] = profile_of(said("provenance.reported", "1", provenance={"kind": kind}))["provenance"]
    assert item["kind"] == kind


def test_signing_a_petition_makes_no_supporter() -> None:
    signed = said("form.submitted", "1", form_id="f", kind="petition", provenance={"kind": "petition"})
    agreed = said("consent.changed", "2", channel="email", granted=True, purpose="petition")
    known = profile_of(signed, agreed, said("rsvp.attended", "3", event_id="e"))
    assert (known["canvass"]["support"], known["tags"], known["canvass"]["answers"]) == (None, [], {})


@pytest.mark.parametrize("field", ["file", "notice"])
@pytest.mark.parametrize("text", ["", "ada@example.org", "a b", "x" * 129])
def test_what_is_said_of_a_source_are_labels_in_which_no_address_fits(field: str, text: str) -> None:
    with pytest.raises(ValidationError):
        said("provenance.reported", "1", provenance={"kind": "self", field: text})
