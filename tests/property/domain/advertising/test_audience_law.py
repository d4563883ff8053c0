"""The audience gate, against plain loops: in any order, with copies and in parts; a no always refuses afterwards."""

from collections.abc import Sequence
from functools import reduce

from hypothesis import event, given
from hypothesis import strategies as st

from events.json_types import JSON
from streams.demo.french.recount_audience import REFUSED_KINDS, why_out
from streams.domain.advertising.audience_gate import gate_rules, gate_verdict
from streams.domain.contact import ContactState, decode, encode, fold, merge, profile
from streams.domain.contact.merging import person
from streams.domain.contact.publication.size_limit import reduced
from streams.domain.pressure import default_policy
from tests.property.domain.contact.strategies import IDS, SOURCES, counted, deliveries, few, fields, key, parts
from tests.unit.domain.contact.said import DONOR, HOUR, NOON, Arrival, by, said

RULES = gate_rules(default_policy("eu").closures.consent, REFUSED_KINDS)
LATER = NOON + 9 * HOUR
CHANNELS = ("email", "text", "all")
WAYS = ("email", "text", "phone", "door", "letter")
OWN: JSON = {"kind": "self", "of_age": True}
YES: dict[str, JSON] = {"granted": True, "purpose": "online_ads", "basis": "consent", "proof": "scan:1"}
PROVENANCE = fields({"kind": few("self", "self", "voter_list", "staff")}, {"of_age": few(True, False)})
DATA = {
    "consent.changed": fields(
        {"channel": few(*CHANNELS), "granted": few(True, False)},
        {
            "purpose": few("online_ads", "online_ads", "Online_Ads", "fundraising", "newsletter"),
            "basis": few("consent", "consent", "contract"),
            "proof": few("scan:1"),
            "list_id": few("news"),
        },
    ),
    "form.submitted": fields({"form_id": few("f")}, {"provenance": PROVENANCE}),
    "provenance.reported": fields({"provenance": PROVENANCE}, {}),
    "canvass.reported": fields({"method": few("door"), "outcome": few("contacted", "contacted", "deceased")}, {}),
    "email.unsubscribed": fields({}, {"list_id": few("news")}),
    "text.opted_out": fields({}, {}),
    "interaction.retracted": fields(
        {
            "retracts": st.builds(
                lambda source, id_: {"source": source, "id": id_}, st.sampled_from(SOURCES), st.sampled_from(IDS)
            )
        },
        {},
    ),
}
TYPES = ("consent.changed",) * 5 + ("form.submitted",) * 3 + ("provenance.reported",) * 2 + tuple(sorted(DATA))


@st.composite
def lives(draw: st.DrawFn) -> list[Arrival]:
    """Words on consent, sources and age, and what takes some of them back; often of somebody who is willing."""
    life = []
    if draw(st.booleans()):
        life = [said("form.submitted", "own", NOON, form_id="f", provenance=OWN)]
        life.append(said("consent.changed", "yes", NOON + HOUR, **YES, channel=draw(st.sampled_from(CHANNELS))))
    for channel in draw(st.sampled_from([(), (), WAYS, WAYS[1:]])):
        life.append(said("consent.changed", channel, NOON + 2 * HOUR, channel=channel, granted=False))
    for _ in range(draw(st.integers(0, 7))):
        type_ = draw(st.sampled_from(TYPES))
        moment, id_ = NOON + draw(st.integers(0, 3)) * HOUR, draw(st.sampled_from(IDS))
        life.append(by(draw(st.sampled_from(SOURCES)), said(type_, id_, moment, **draw(DATA[type_]))))
    return list({key(each): each for each in life}.values())


def state_of(life: Sequence[Arrival]) -> ContactState:
    return fold(ContactState(), [each.fact() for each in life])[0]


def why(state: ContactState, at: int = LATER) -> str:
    return gate_verdict(profile(DONOR, state), RULES, at).why


@given(lives(), st.data())
def test_in_any_order_with_copies_and_in_parts_the_verdict_is_that_of_plain_loops(
    life: list[Arrival], data: st.DataObject
) -> None:
    states = [decode(encode(state_of(part))) for part in data.draw(parts(data.draw(deliveries(life))))]
    found = why(reduce(merge, states, ContactState()))
    event(f"why: {found}")
    assert found == (why_out(counted(life)) or "admitted")


@given(lives(), st.sampled_from(CHANNELS), st.integers(0, 3))
def test_whoever_takes_their_consent_back_is_out_of_it_until_they_agree_again(
    life: list[Arrival], channel: str, hours: int
) -> None:
    at = NOON + (3 + hours) * HOUR
    no = said("consent.changed", "no", at, channel=channel, granted=False, purpose="online_ads")
    before, after = why(state_of(life)), why(state_of([*life, no]))
    event(f"before: {before}")
    assert after != "admitted"
    assert before not in ("admitted", "consent_withdrawn") or after == "consent_withdrawn"
    again = said("consent.changed", "again", at + 1, **YES, channel=channel)
    refused = why(state_of([*life, no, again]))
    assert refused not in ("consent_withdrawn", "no_consent")
    assert before != "admitted" or refused == "admitted"


@given(lives(), lives())
def test_a_fact_of_another_kind_admits_nobody(life: list[Arrival], more: list[Arrival]) -> None:
    """Nothing but a yes to ads makes one, whatever else is heard."""
    others = [by("team/c", each) for each in more if each.interaction.type != "interaction.retracted"]
    if why(state_of(life)) in ("no_consent", "consent_withdrawn"):
        assert why(state_of([*life, *(each for each in others if not _is_a_yes(each))])) != "admitted"


def _is_a_yes(each: Arrival) -> bool:
    return each.interaction.data.plain().get("granted") is True


@given(lives())
def test_an_erasure_leaves_nothing_that_admits(life: list[Arrival]) -> None:
    erased = state_of([*life, said("contact.erased", "e", LATER)])
    verdict = gate_verdict(profile(DONOR, erased), RULES, LATER)
    assert not verdict.is_admitted


@given(lives(), st.data())
def test_who_is_not_shown_whole_is_admitted_by_nothing_that_is_left_out(
    life: list[Arrival], data: st.DataObject
) -> None:
    dealt: dict[str, list[Arrival]] = {DONOR: [], "b": []}
    for each in life:
        dealt[data.draw(st.sampled_from([*dealt]))].append(each)
    states = {name: state_of(part) for name, part in dealt.items()}
    short = {**states, "b": reduced(states["b"])}
    whole = gate_verdict(profile(DONOR, person(states)), RULES, LATER)
    told = gate_verdict(profile(DONOR, person(short)), RULES, LATER)
    event(f"whole: {whole.why}")
    assert whole.is_admitted or not told.is_admitted
