"""Advertising: criteria, the gate of audiences, transparency."""

from typing import Any, cast

import orjson
import pytest

from events.json_types import JSON
from events.outputs import AuditRecord, CampaignTransparency
from streams.domain.advertising.audience_gate import GateRules, NamedPerson, gate_rules, gate_verdict, verdict_on
from streams.domain.advertising.criteria import criteria_of, special_conditions
from streams.domain.advertising.transparency import ChosenAudience, audiences_for, latest_records, mistakes_in
from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure import default_policy
from streams.domain.pressure.policy import ConsentRules
from streams.domain.segments.conditions import KINDS, SegmentDefinition
from streams.domain.segments.definition_files import read_segments
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


SEGMENTS = """
[[segment]]
id = "plain"
all = [{ region = "FR-75" }, { segment = "readers" }]

[[segment]]
id = "readers"
any = [{ opens = "human", at_least = 1 }, { all = [{ seen = "last", within = "30d" }] }]

[[segment]]
id = "supporters"
none = [{ any = [{ support = [4, 5] }] }, { tag = "host" }]

[[segment]]
id = "by-way"
all = [{ segment = "behind" }, { segment = "plain" }]

[[segment]]
id = "behind"
all = [{ segment = "supporters" }, { segment = "readers" }]
"""


def definitions() -> dict[str, SegmentDefinition]:
    found = read_segments(SEGMENTS)
    assert not isinstance(found, FileMistakes)
    return {each.id: each for each in found}


def test_a_segment_by_opinion_or_tags_is_special_however_deep_it_says_so() -> None:
    found = special_conditions("supporters", definitions())
    assert [(each.segment, each.said) for each in found] == [
        ("supporters", "support = [4, 5]"),
        ("supporters", "tag = 'host'"),
    ]
    assert special_conditions("by-way", definitions()) == found


def test_a_segment_by_other_things_is_not() -> None:
    assert special_conditions("plain", definitions()) == []


def test_support_and_tags_are_what_is_special() -> None:
    assert {head for head, kind in KINDS.items() if kind.is_special} == {"support", "tag"}


@pytest.mark.parametrize(
    ("segment", "told"),
    [("plain", ["plain", "readers"]), ("by-way", ["by-way", "behind", "plain", "readers", "supporters"])],
)
def test_the_criteria_are_the_definitions_of_all_that_it_refers_to(segment: str, told: list[str]) -> None:
    found = criteria_of(segment, definitions())
    assert [each["id"] for each in found] == told
    assert found[0]["all"][0] in ({"region": "FR-75"}, {"segment": "behind"})


RECORD: CampaignTransparency = {
    "campaign_id": "ads-3",
    "sponsor": "Liste Ada",
    "contact": "1 rue de la Paix, Paris",
    "amount": 125_050,
    "currency": "EUR",
    "begins": "2026-02-01",
    "ends": "2026-03-20",
    "election": "2026-municipales",
    "by": "finance/ada",
    "at": "2026-02-01T09:00:00.000Z",
}


def test_a_record_that_says_all_has_no_mistakes() -> None:
    assert mistakes_in(RECORD) == []
    assert mistakes_in({**RECORD, "notice_url": "https://example.org/ads-3", "amount": 0, "ends": "2026-02-01"}) == []


@pytest.mark.parametrize(
    ("field", "value", "cure"),
    [
        ("sponsor", " ", "give 1 to 1024"),
        ("sponsor", "Ada\nLovelace", "give 1 to 1024"),
        ("contact", "", "give 1 to 1024"),
        ("campaign_id", "x" * 257, "give 1 to 256"),
        ("amount", -1, "give 0 or more"),
        ("currency", "eur", "ISO 4217"),
        ("begins", "01.02.2026", "give a day"),
        ("begins", "20260201", "give a day"),
        ("ends", "2026-01-31", "not before"),
        ("ends", "2026-02-30", "give a day"),
        ("election", "", "or leave it out"),
        ("notice_url", "http://example.org", "https://"),
    ],
)
def test_each_mistake_names_its_field_and_the_cure(field: str, value: object, cure: str) -> None:
    [mistake] = mistakes_in(cast(CampaignTransparency, {**RECORD, field: value}))
    assert mistake.field == field
    assert cure in mistake.cure


def test_the_latest_record_counts_and_earlier_ones_are_kept() -> None:
    later: CampaignTransparency = {**RECORD, "amount": 200_000}
    other: CampaignTransparency = {**RECORD, "campaign_id": "ads-4"}
    found = latest_records([orjson.dumps(RECORD), orjson.dumps(other), None, b"{", b"[]", orjson.dumps(later)])
    assert found == {"ads-3": [RECORD, later], "ads-4": [other]}


def test_a_record_that_a_backup_brought_back_behind_a_newer_one_is_not_the_latest() -> None:
    newer: CampaignTransparency = {**RECORD, "amount": 200_000, "at": "2026-02-03T09:00:00.000Z"}
    assert latest_records([orjson.dumps(newer), orjson.dumps(RECORD)]) == {"ads-3": [RECORD, newer]}


def audience(at: str, **more: Any) -> AuditRecord:
    record: Any = {"what": "audience", "at": at, "campaign_id": "ads-3", "detail": "exported", "counts": [], **more}
    return cast(AuditRecord, record)


def test_whom_it_was_directed_to_is_told_by_what_was_exported_for_it() -> None:
    counts = [
        {"decision": "allow", "reason": "admitted", "rows": 40},
        {"decision": "deny", "reason": "no_consent", "rows": 2},
        {"decision": "deny", "reason": "under_age", "rows": 1},
    ]
    criteria = [{"id": "paris", "all": [{"region": "FR-75"}], "none": [{"gifts": "count", "at_least": 1}]}]
    records = [
        audience("2026-02-03T10:00:00.000Z", label="plan-7/v2"),
        audience("2026-02-02T10:00:00.000Z", criteria=criteria, counts=counts),
        audience("2026-02-02T11:00:00.000Z", detail="refused"),
        audience("2026-02-02T12:00:00.000Z", detail="counted"),
        audience("2026-02-02T13:00:00.000Z", campaign_id="ads-4"),
        audience("2026-02-02T14:00:00.000Z", what="permission"),
    ]
    told = ('paris: all: {"region":"FR-75"}', 'paris: none: {"gifts":"count","at_least":1}')
    assert audiences_for("ads-3", records) == [
        ChosenAudience("2026-02-02T10:00:00.000Z", told, 40, 3),
        ChosenAudience("2026-02-03T10:00:00.000Z", ("plan-7/v2",), 0, 0),
    ]
