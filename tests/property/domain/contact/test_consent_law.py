"""The consent ledger, and what one purpose says of a permission, against plain loops over what was said."""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from events.interactions.base import Channel, Purpose
from events.outputs import ContactProfile
from streams.demo.recount import CHANNELS, CountedEvent, consent
from streams.demo.recount_consents import consent_ledger
from streams.demo.recount_stops import stops
from streams.domain.contact import ContactState, decode, encode, fold, merge, profile
from streams.domain.contact.merging import person
from streams.domain.contact.publication.size_limit import reduced, shorter_and_shorter
from streams.domain.pressure import PermissionRequest, default_policy
from streams.domain.pressure.policy import ConsentRules
from streams.domain.pressure.purposes import consent_denial, withdrawal
from tests.property.domain.contact.strategies import (
    DATA,
    IDS,
    SOURCES,
    Fields,
    counted,
    deliveries,
    few,
    fields,
    key,
    parts,
)
from tests.unit.domain.contact.said import DONOR, HOUR, NOON, Arrival, by, said

WORDS = ("email.unsubscribed", "email.complained", "text.opted_out", "interaction.retracted")
POLICY = default_policy()
PURPOSES: Sequence[Purpose] = ("fundraising", "mobilisation")
CHANGED: st.SearchStrategy[Fields] = st.one_of(
    DATA["consent.changed"],
    fields(
        {"channel": few("email", "text", "all"), "granted": few(True, False)},
        {
            "purpose": few("fundraising", "Fundraising", "mobilization", "online_ads", "automatic_calls"),
            "wording": few("v1", "v2"),
        },
    ),
)


@st.composite
def lives(draw: st.DrawFn) -> list[Arrival]:
    """Words on consent, and what takes some of them back, each once, of few moments."""
    life = []
    for _ in range(draw(st.integers(0, 9))):
        type_ = draw(st.sampled_from(["consent.changed"] * 5 + [*WORDS]))
        data = draw(CHANGED if type_ == "consent.changed" else DATA[type_])
        moment, id_ = NOON + draw(st.integers(0, 3)) * HOUR, draw(st.sampled_from(IDS))
        life.append(by(draw(st.sampled_from(SOURCES)), said(type_, id_, moment, **data)))
    return list({key(each): each for each in life}.values())


def ledger_of(known: ContactProfile) -> dict[str, object]:
    return {name: known["consent_ledger"] for name in ("consent_ledger",) if name in known}


@given(lives(), st.data())
def test_in_any_order_with_copies_and_in_parts_the_ledger_is_every_word_that_counts(
    life: list[Arrival], data: st.DataObject
) -> None:
    dealt = data.draw(parts(data.draw(deliveries(life))))
    states = [decode(encode(fold(ContactState(), [each.fact() for each in part])[0])) for part in dealt]
    known, told = profile(DONOR, reduce(merge, states, ContactState())), counted(life)
    event(f"words: {len(told)}")
    assert ledger_of(known) == consent_ledger(told)
    assert known["consent"] == consent(told)
    assert known["stops"] == stops(told, [])


@given(lives(), st.sampled_from(CHANNELS), st.sampled_from(PURPOSES))
def test_of_a_purpose_the_last_word_holds_and_in_doubt_it_is_a_no(
    life: list[Arrival], channel: Channel, purpose: Purpose
) -> None:
    known, told = profile(DONOR, fold(ContactState(), [each.fact() for each in life])[0]), counted(life)
    request = PermissionRequest(channel=channel, purpose=purpose, team="digital")
    yes, no = latest(told, channel, purpose, granted=True), latest(told, channel, purpose, granted=False)
    refused = no is not None and (yes is None or no.at >= yes.at)
    found = withdrawal(known, request, POLICY)
    assert (None if found is None else found.reason) == ("consent_withdrawn" if refused else None)
    if found is not None and no is not None:
        first = next(one for one in told if one.at == no.at and latest([one], channel, purpose, granted=False))
        assert found.evidence == ((first.source, first.id),)
    ended = yes is not None and any(at >= yes.at for at in noes_to_all(told, channel))
    agreed = consent(told).get(channel) is True or (yes is not None and not refused and not ended)
    assert (consent_denial(known, request, ConsentRules()) is None) == agreed
    event(f"refused: {refused}, agreed: {yes is not None}")


@given(lives(), st.sampled_from(CHANNELS), st.sampled_from(PURPOSES), st.data())
def test_what_is_refused_stays_so_where_a_person_is_not_shown_whole(
    life: list[Arrival], channel: Channel, purpose: Purpose, data: st.DataObject
) -> None:
    """Also where the channel itself was agreed to later, in a part that is."""
    no = said("consent.changed", "no", NOON + HOUR, channel=channel, granted=False, purpose=purpose)
    yes = said("consent.changed", "yes", NOON + 2 * HOUR, channel=channel, granted=True)
    dealt: dict[str, list[Arrival]] = {DONOR: [], "b": [], "c": []}
    for each in [*life, no, yes]:
        dealt[data.draw(st.sampled_from([*dealt]))].append(each)
    states = {name: fold(ContactState(), [each.fact() for each in part])[0] for name, part in dealt.items()}
    short = data.draw(st.sets(st.sampled_from(["b", "c"]), min_size=1))
    *_, least = shorter_and_shorter(states)
    request = PermissionRequest(channel=channel, purpose=purpose, team="digital")
    whole = profile(DONOR, person(states))
    refused, denied = withdrawal(whole, request, POLICY), consent_denial(whole, request, ConsentRules())
    event(f"refused: {refused is not None}, denied: {denied is not None}")
    for fragments in ({name: reduced(states[name]) if name in short else states[name] for name in states}, least):
        known = profile(DONOR, person(fragments))
        channel_closed = False in (known["consent"].get(channel), known["consent"].get("all"))
        assert refused is None or channel_closed or withdrawal(known, request, POLICY) is not None
        assert denied is None or consent_denial(known, request, ConsentRules()) is not None


RULES: st.SearchStrategy[ConsentRules] = st.builds(
    lambda controller, bases, needs_proof, for_purpose: ConsentRules(
        controller=controller, bases=bases, needs_proof=needs_proof, for_purpose=for_purpose
    ),
    st.sampled_from([None, "list-2026", "list-2020"]),
    st.sampled_from([(), ("consent",), ("legitimate_interest",)]),
    st.booleans(),
    st.sampled_from([(), ("email",), ("text", "email")]),
)


@given(lives(), st.sampled_from(["email", "text"]), st.sampled_from(PURPOSES), RULES)
def test_a_yes_counts_if_it_holds_and_is_what_the_rules_ask_for(
    life: list[Arrival], channel: Channel, purpose: Purpose, rules: ConsentRules
) -> None:
    known, told = profile(DONOR, fold(ContactState(), [each.fact() for each in life])[0]), counted(life)
    request = PermissionRequest(channel=channel, purpose=purpose, team="digital")
    no = latest(told, channel, purpose, granted=False)
    refused = noes_to_all(told, channel)
    noes = refused if no is None else [*refused, no.at]
    yeses = [one for one in told if is_yes_for(one, channel, purpose) and all(one.at > at for at in noes)]
    if consent(told).get(channel) is True and channel not in rules.for_purpose:
        yeses += [
            one
            for one in told
            if is_whole(one, channel) and one.fields.get("granted") and all(one.at > at for at in refused)
        ]
    enough = [one for one in yeses if is_enough(one, rules)]
    found = consent_denial(known, request, rules)
    event(f"yeses: {len(yeses)}, enough: {bool(enough)}")
    assert (found is None) == bool(enough)
    if found is not None:
        assert found.evidence == tuple(sorted((one.source, one.id) for one in yeses))


def is_enough(one: CountedEvent, rules: ConsentRules) -> bool:
    said: Any = one.fields
    other = rules.controller is not None and said.get("controller") not in (None, rules.controller)
    without_basis = bool(rules.bases) and said.get("basis") not in rules.bases
    return not other and not without_basis and (said.get("proof") is not None or not rules.needs_proof)


def is_yes_for(one: CountedEvent, channel: str, purpose: str) -> bool:
    return latest([one], channel, purpose, granted=True) is one


def noes_to_all(told: Sequence[CountedEvent], channel: str) -> list[datetime]:
    """When somebody refused a channel as a whole, which ends every yes to a purpose before it."""
    return [one.at for one in told if is_whole(one, channel) and not one.fields.get("granted")]


def is_whole(one: CountedEvent, channel: str) -> bool:
    """Whether it opens or closes the channel as a whole."""
    return channel in consent([one])


def latest(told: Sequence[CountedEvent], channel: str, purpose: str, *, granted: bool) -> CountedEvent | None:
    """The last yes, or the last no, for this purpose; none that names a list or a sender."""
    found = None
    for one in told:
        said_for = str(one.fields.get("purpose")).lower().replace("mobilization", "mobilisation")
        if one.type != "consent.changed" or said_for != purpose:
            continue
        if one.fields.get("list_id") or one.fields.get("sender"):
            continue
        if one.fields["channel"] in (channel, "all") and one.fields["granted"] is granted:
            found = one
    return found
