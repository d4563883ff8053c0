"""Conditions of a policy against plain loops over what was said, in whatever order, copies and parts it is heard."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from events.channels import LimitedPurpose
from events.json_types import JSON
from events.times import parse_time, render_time
from streams.domain.contact import ContactState, decode, encode, fold, merge, profile
from streams.domain.pressure import Decision, PermissionRequest
from streams.domain.pressure.conditions import conditions_on, unmet
from streams.domain.pressure.denials import JudgedAddress
from streams.domain.pressure.policy import ConsentRules
from streams.domain.pressure.policy_conditions import PolicyCondition
from tests.property.domain.contact.strategies import IDS, SOURCES, deliveries, key, parts
from tests.property.domain.pressure.strategies import KINDS, conditions
from tests.unit.domain.contact.said import DAY, DONOR, HOUR, NOON, Arrival, by, said
from tests.unit.domain.pressure.people import policy

ASKED_FOR: Sequence[LimitedPurpose] = ("fundraising", "mobilisation")
SOMEBODY = JudgedAddress(None, "ok")
ASKED_AT = NOON + 3 * DAY
CALLS = "Automatic_calls"
"""A no to calls by machines closes its channel as one to the whole of it does: most who ask do not say who speaks."""


@st.composite
def lives(draw: st.DrawFn) -> list[Arrival]:
    """Words on consent and forms that say where they come from, each once, of few moments; mostly one or the other."""
    life = []
    mail_until, forms_until = draw(st.sampled_from([(1, 2), (1, 9), (4, 9)]))
    for _ in range(draw(st.integers(0, 8))):
        moment, id_ = NOON + draw(st.integers(0, 3)) * HOUR, draw(st.sampled_from(IDS))
        data: dict[str, JSON]
        what = draw(st.integers(0, 9))
        if what < mail_until:
            purpose = draw(st.sampled_from(["fundraising", "transactional"]))
            one = said("email.sent", id_, moment, message_id=f"m{id_}", purpose=purpose)
        elif what >= forms_until:
            data = {"channel": draw(st.sampled_from(["phone", "email", "all"])), "granted": draw(st.booleans())}
            data |= draw(st.sampled_from([{}, {"purpose": "fundraising"}, {"purpose": CALLS}]))
            data |= draw(st.sampled_from([{}, {"basis": "consent"}, {"basis": "legitimate_interest"}]))
            one = said("consent.changed", id_, moment, **data)
        else:
            source: dict[str, JSON] = {"kind": draw(st.sampled_from(KINDS))}
            source |= draw(st.sampled_from([{}, {"file": "a"}]))
            source |= draw(st.sampled_from([{}, {"notice": "n"}, {"notice": "n", "notice_at": "2012-03-02T12:00:00Z"}]))
            source |= draw(st.sampled_from([{}, {}, {"obtained_at": render_time(NOON + HOUR)}]))
            one = said("form.submitted", id_, moment, form_id="f", provenance=source)
        life.append(by(draw(st.sampled_from(SOURCES)), one))
    return list({key(each): each for each in life}.values())


requests = st.builds(
    PermissionRequest,
    channel=st.sampled_from(["phone", "email"]),
    purpose=st.sampled_from(ASKED_FOR),
    team=st.just("digital"),
    automatic=st.sampled_from([None, True, False]),
)


def judged(state: ContactState, found: Sequence[PolicyCondition], request: PermissionRequest) -> Decision | None:
    asked = policy().model_copy(update={"conditions": tuple(found)})
    known, wanted = profile(DONOR, state), conditions_on(request, asked)
    return unmet(known, request, wanted, SOMEBODY, ConsentRules(), at=ASKED_AT)


@given(lives(), st.lists(conditions(), max_size=3), requests, st.data())
def test_the_first_condition_that_a_loop_over_what_was_said_finds_unmet_is_the_reason(
    life: list[Arrival], found: list[PolicyCondition], request: PermissionRequest, data: st.DataObject
) -> None:
    dealt = data.draw(parts(data.draw(deliveries(life))))
    states = [decode(encode(fold(ContactState(), [each.fact() for each in part])[0])) for part in dealt]
    answer = judged(reduce(merge, states, ContactState()), found, request)
    expected = next((why for each in found if (why := why_not(each, life, request)) is not None), None)
    event(f"{expected}, {len(found)} conditions")
    assert (None if answer is None else answer.reason) == expected
    assert judged(fold(ContactState(), [each.fact() for each in life])[0], found, request) == answer


def why_not(condition: PolicyCondition, life: Sequence[Arrival], request: PermissionRequest) -> str | None:
    """The reason of one condition, from the interactions themselves; None: it is met, or not about this request."""
    if condition.channel != request.channel or (condition.purposes and request.purpose not in condition.purposes):
        return None
    if condition.automatic and request.automatic is False:
        return None
    told: list[tuple[int, dict[str, Any]]] = [(each.interaction.time, each.interaction.data.plain()) for each in life]
    if condition.require == "provenance":
        kinds = {data["provenance"]["kind"] for _, data in told if data.get("provenance")}
        return None if kinds & set(condition.sources or KINDS) else "no_provenance"
    if condition.require == "notice":
        came = [(at, source) for at, data in told if (source := data.get("provenance"))]
        return "no_notice" if any(_is_late(at, source, told, condition.within) for at, source in came) else None
    words = [(at, data) for at, data in told if "granted" in data and data["channel"] in (request.channel, "all")]
    wanted = [condition.consent_to] if condition.consent_to else [None, request.purpose]
    for purpose in wanted:
        about = [(at, data) for at, data in words if (data.get("purpose") or "").lower() == (purpose or "")]
        refused = [at for at, data in words if not data["granted"] and (data.get("purpose") or CALLS) == CALLS]
        refused += [at for at, data in about if not data["granted"]]
        for at, data in about:
            enough = not condition.bases or data.get("basis") in condition.bases
            if data["granted"] and enough and all(at > no for no in refused):
                return None
    return "no_consent"


def _is_late(at: int, source: dict[str, Any], told: Sequence[tuple[int, dict[str, Any]]], within: int) -> bool:
    """Whether it is another than the person, so long ago or before a contact, and nobody told them since.

    Each row by itself, as docs/provenance.md has it: one that says the same again later may be another delivery, of
    other numbers by the same supplier, and a notice that was given before it says nothing of that.
    """
    if source["kind"] == "self":
        return False
    known_by = source.get("obtained_at") or (source.get("notice_at") if source.get("notice") else None)
    got = min(at, _ms(known_by) or at)
    for said_at, other in told:
        same = other.get("provenance") or {}
        is_of_it = (same.get("kind"), same.get("file")) == (source["kind"], source.get("file"))
        if is_of_it and same.get("notice") and got <= (_ms(same.get("notice_at")) or said_at) <= ASKED_AT:
            return False
    is_reached = any("message_id" in other and other["purpose"] != "transactional" and at > got for at, other in told)
    return is_reached or got + within <= ASKED_AT


def _ms(text: str | None) -> int | None:
    return None if text is None else parse_time(text)
