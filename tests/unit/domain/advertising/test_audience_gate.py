"""Who is in an audience for political ads online, and what keeps others out."""

from typing import Any

import pytest

from events.json_types import JSON
from streams.domain.advertising.audience_gate import GateRules, NamedPerson, gate_rules, gate_verdict, verdict_on
from streams.domain.pressure import default_policy
from streams.domain.pressure.policy import ConsentRules
from tests.unit.domain.contact.said import HOUR, NOON, Arrival, gift, profile_of, report, said

RULES = gate_rules(default_policy("eu").closures.consent, ("petition", "staff", "civic_register"))
YES: dict[str, JSON] = {
    "channel": "all",
    "granted": True,
    "purpose": "online_ads",
    "basis": "consent",
    "proof": "form:1",
}
OWN: dict[str, JSON] = {"kind": "self", "of_age": True}


def form(id_: str = "f", at: int = NOON, **provenance: JSON) -> Arrival:
    return said("form.submitted", id_, at, form_id="ads", provenance={**OWN, **provenance})


def yes(id_: str = "y", at: int = NOON, /, **more: JSON) -> Arrival:
    return said("consent.changed", id_, at, **{**YES, **more})


def no(id_: str = "n", at: int = NOON + HOUR, /, **more: JSON) -> Arrival:
    fields: dict[str, JSON] = {"channel": "all", "granted": False, "purpose": "online_ads"}
    return said("consent.changed", id_, at, **{**fields, **more})


def why(*arrivals: Arrival, rules: GateRules | None = RULES, at: int = NOON + 9 * HOUR) -> str:
    return gate_verdict(profile_of(*arrivals), rules, at).why


def test_who_gave_it_themselves_agreed_to_just_that_and_is_of_age_is_admitted() -> None:
    assert why(form(), yes()) == "admitted"
    assert gate_verdict(profile_of(form(), yes()), RULES, NOON).is_admitted


def test_who_is_unknown_or_erased_is_not() -> None:
    assert gate_verdict(None, RULES, NOON).why == "unknown_contact"
    assert gate_verdict("erased", RULES, NOON).why == "erased"


@pytest.mark.parametrize("kind", ["voter_list", "rented", "sponsorship", "canvass", "vendor", "staff"])
def test_a_list_is_no_direct_collection(kind: str) -> None:
    assert why(form(kind=kind), yes()) == "no_direct_collection"
    assert why(gift("1", 500), yes()) == "no_direct_collection"


@pytest.mark.parametrize(
    "wrong",
    [
        {"purpose": None},
        {"purpose": "fundraising"},
        {"purpose": "informational"},
        {"basis": "legitimate_interest"},
        {"basis": None},
        {"proof": None},
        {"list_id": "news"},
        {"sender": "36123"},
    ],
)
def test_no_other_yes_is_one_to_ads(wrong: dict[str, JSON]) -> None:
    assert why(form(), yes(**wrong)) == "no_consent"


def test_a_yes_has_to_be_explicit_whatever_the_policy_says() -> None:
    lax = gate_rules(ConsentRules(), ())
    assert why(form(), yes(proof=None), rules=lax) == "admitted"
    assert why(form(), yes(proof=None, basis=None), rules=lax) == "no_consent"


def test_a_yes_to_another_controller_is_none_where_the_policy_names_one() -> None:
    ours = gate_rules(ConsentRules(controller="list-2026"), ())
    assert why(form(), yes(controller="list-2020"), rules=ours) == "no_consent"
    assert why(form(), yes(controller="list-2026"), rules=ours) == "admitted"


@pytest.mark.parametrize(
    "ending",
    [
        no(),
        no("n", NOON),
        no(channel="email"),
        no(list_id="news"),
        no(sender="36123"),
        no(purpose=None),
        no(purpose="newsletter"),
    ],
)
def test_a_no_to_ads_or_to_everything_ends_a_yes(ending: Arrival) -> None:
    assert why(form(), yes(), ending) == "consent_withdrawn"
    assert why(form(), yes(), ending, yes("again", NOON + 2 * HOUR)) == "admitted"


def test_of_words_on_age_the_last_counts_and_in_doubt_the_no() -> None:
    young, grown = form("young", of_age=False), form("grown", NOON + HOUR)
    assert why(young, grown, yes()) == "admitted"
    assert why(young, form("grown"), yes()) == "under_age"
    assert why(grown, form("late", NOON + 2 * HOUR, of_age=False), yes()) == "under_age"


def test_anybody_may_say_that_a_person_is_of_age_but_a_source_of_which_nothing_is_taken() -> None:
    own = form(of_age=None)
    told = [said("provenance.reported", "p", provenance={"kind": kind, "of_age": True}) for kind in ("staff", "vendor")]
    assert why(own, yes(), told[0]) == "age_unknown"
    assert why(own, yes(), told[1]) == "admitted"


@pytest.mark.parametrize("rules", [RULES, None])
def test_who_is_closed_to_everybody_is_in_no_audience(rules: GateRules | None) -> None:
    suppressed = said("contact.suppressed", "s", NOON)
    over = said("contact.suppressed", "s", NOON, until="2012-03-01T13:00:00Z")
    assert why(form(), yes(), suppressed, rules=rules) == "closed"
    assert why(form(), yes(), report("d", outcome="deceased"), rules=rules) == "closed"
    assert why(form(), yes(), over, rules=rules) == "admitted"


def test_without_the_gate_whoever_is_known_and_open_is_admitted() -> None:
    assert why(gift("1", 500), rules=None) == "admitted"


def test_an_address_has_to_be_one_that_the_person_gave() -> None:
    """Somebody who signed up by e-mail has not given the number that was hired."""
    known: Any = profile_of(form(), yes())
    known["provenance"] = [
        {**known["provenance"][0], "addresses": [{"ref": "a1", "channel": "email"}]},
        {**known["provenance"][0], "kind": "rented", "addresses": [{"ref": "b2", "channel": "phone"}], "id": "hired"},
    ]
    assert gate_verdict(known, RULES, NOON, {"a1", "a0"}).is_admitted
    refused = gate_verdict(known, RULES, NOON, {"b2"})
    assert (refused.why, [each.id for each in refused.evidence]) == ("no_direct_collection", ["hired"])
    assert gate_verdict(known, RULES, NOON, set()).why == "no_direct_collection"


def test_a_number_that_is_somebody_elses_goes_along_with_nobody() -> None:
    """A canvasser was told so by who answered: they never agreed to anything."""
    known: Any = profile_of(form(), yes())
    given = [{"ref": "a1", "channel": "email"}, {"ref": "b2", "channel": "phone"}]
    known["provenance"] = [{**known["provenance"][0], "addresses": given}]
    known["addresses"] = [{**given[0], "status": "ok"}, {**given[1], "status": "wrong_number"}]
    assert gate_verdict(known, RULES, NOON, {"b2", "b1"}).why == "wrong_number"
    assert gate_verdict(known, RULES, NOON, {"a1"}).is_admitted
    assert gate_verdict(known, RULES, NOON).is_admitted
    assert gate_verdict(known, None, NOON, {"b2"}).is_admitted


def test_each_of_several_names_has_to_be_admitted() -> None:
    grown, young = profile_of(form(), yes()), profile_of(form(of_age=False), yes())
    stranger = NamedPerson(None)
    assert verdict_on([NamedPerson(grown), NamedPerson(grown)], RULES, NOON).is_admitted
    assert verdict_on([NamedPerson(grown), NamedPerson(young)], RULES, NOON).why == "under_age"
    assert verdict_on([NamedPerson(grown), NamedPerson("erased")], RULES, NOON).why == "erased"
    assert verdict_on([stranger], RULES, NOON).why == "unknown_contact"
    assert verdict_on([], RULES, NOON).why == "unknown_contact"


@pytest.mark.parametrize(("refs", "why_not"), [({"c3"}, "no_direct_collection"), (None, "unknown_contact")])
def test_an_identifier_that_nobody_is_known_by_goes_along_with_nobody(refs: set[str] | None, why_not: str) -> None:
    """Also one that is no address by its column: a second number of a list stands in `external.mobile`."""
    grown, strange = NamedPerson(profile_of(form(), yes())), NamedPerson(None, refs)
    assert verdict_on([grown, strange], RULES, NOON).why == why_not
    assert verdict_on([strange, grown], RULES, NOON).why == why_not
    assert verdict_on([grown, strange], None, NOON).is_admitted
