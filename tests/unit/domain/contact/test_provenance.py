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
from streams.domain.contact.publication.size_limit import reduced
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


RENTED: dict[str, JSON] = {"kind": "rented", "file": "a"}
EARLY: dict[str, JSON] = {"notice": "n1", "notice_at": "2012-02-20T00:00:00Z"}


def told(*more: dict[str, JSON]) -> list[dict[str, JSON]]:
    """Rows of one rented list, each with more than that."""
    return [{**RENTED, **each} for each in more]


def files(kind: str, count: int) -> list[dict[str, JSON]]:
    """Rows of one kind of source, each of another file."""
    return [{"kind": kind, "file": f"{kind}-{number}"} for number in range(count)]


FILES = files("rented", 600)
YOUNG: dict[str, JSON] = {"of_age": False}
OF_AGE: dict[str, JSON] = {"of_age": True}
NOTICES: list[dict[str, JSON]] = [
    {"kind": "canvass", "file": "d", "age_band": f"{age}-{age + 1}", "notice": f"n{number}"}
    for age in range(18, 48)
    for number in range(20)
]


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        # Whoever is too young by a late word of an early source must not be taken for somebody of age.
        (
            [*FILES[:300], *told(OF_AGE, YOUNG), *FILES[300:], *told(OF_AGE, YOUNG)],
            [("300", 2), ("301", 2)],
        ),
        # Whoever looks for what came of a kind finds it, however many files of another kind there are.
        ([*files("vendor", 300), *told({}), *files("self", 400)], [("300", 1)]),
        # A row of which the person was told is not denied once they have very many others.
        ([*told({}, {"notice": "n1"}, {"notice": "n2"}), *NOTICES], [("0", 1), ("2", 1)]),
        # An early notice that is told late hides no later one.
        ([*told({}, {"notice": "n2"}, EARLY), *files("canvass", 600)], [("0", 1), ("1", 1)]),
        # Of the first row after all notices another one is to be given yet.
        ([*told({}, {"notice": "n1"}, {}, {"sex": "f"}, {}), *files("canvass", 600)], [("0", 1), ("1", 1), ("2", 2)]),
    ],
    ids=["age", "kind", "notice", "early notice", "row after all notices"],
)
def test_of_too_many_entries_those_are_shown_that_decide(
    rows: list[dict[str, JSON]], shown: list[tuple[str, int]]
) -> None:
    known = profile_by_the_fold(
        *(said("provenance.reported", f"{at}", NOON + at * HOUR, provenance=row) for at, row in enumerate(rows))
    )
    assert known["provenance_left_out"] > 0
    assert len(known["provenance"]) == 500
    assert [(item["id"], item["count"]) for item in known["provenance"] if item.get("file") == "a"] == shown


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


def test_who_is_too_young_keeps_the_file_and_the_notice_where_a_part_is_too_large() -> None:
    row: dict[str, JSON] = {"kind": "vendor", "file": "a", "of_age": False, "notice": "n1"}
    [item] = profile(DONOR, reduced(folded(said("provenance.reported", "1", provenance=row))))["provenance"]
    assert {key: item.get(key) for key in row} == row


@pytest.mark.parametrize("kind", get_args(ProvenanceKind))
def test_each_kind_is_kept(kind: ProvenanceKind) -> None:
    [item] = profile_of(said("provenance.reported", "1", provenance={"kind": kind}))["provenance"]
    assert item["kind"] == kind


def test_signing_a_petition_makes_no_supporter() -> None:
    signed = said("form.submitted", "1", form_id="f", kind="petition", provenance={"kind": "petition"})
    agreed = said("consent.changed", "2", channel="email", granted=True, purpose="petition")
    known = profile_of(signed, agreed, said("rsvp.attended", "3", event_id="e"))
    assert (known["canvass"]["support"], known["tags"], known["canvass"]["answers"]) == (None, [], {})


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *(("kind", kind) for kind in ("census", "", "Self")),
        *((field, text) for field in ("file", "notice") for text in ("", "ada@example.org", "a b", "x" * 129)),
        *(("of_age", "yes"), ("of_age", 1), ("age_band", "1987-03-12"), ("sex", "F"), ("sex", "")),
    ],
)
def test_a_source_is_told_in_known_words_and_in_labels_in_which_no_address_fits(name: str, wrong: JSON) -> None:
    with pytest.raises(ValidationError):
        said("provenance.reported", "1", provenance={**ROLL, name: wrong})
