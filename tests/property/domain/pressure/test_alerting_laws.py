"""What is over a cap is what the advice would have spoken against; each is said once, however it comes."""

from collections.abc import Sequence

from hypothesis import event, given
from hypothesis import strategies as st

from events.outputs import Alert
from streams.domain.contact import ContactState, FoldOutcome
from streams.domain.contact.person_view import overview
from streams.domain.contact.publication.alert_triggers import triggers
from streams.domain.contact.sections.touches import render
from streams.domain.pressure import PermissionRequest, Policy
from streams.domain.pressure.alerting import pressure_alerts
from streams.worker.agents.contacts.alert_records import alerts
from tests.property.domain.contact.strategies import chunks, deliveries, key, lives
from tests.property.domain.pressure.recount import over_a_cap, too_heavy
from tests.property.domain.pressure.strategies import CHANNELS, PURPOSES, policies
from tests.unit.domain.contact.said import DAY, HOUR, NOON, Arrival, by, fold, folded, report, said
from tests.unit.domain.pressure.people import unlimited

TEAMS = ("digital", "field")
STRICT = unlimited(
    caps__any=[{"window": "7d", "at_most": 1}], gaps__across_teams="2d", closures__also_closes={"opted_out": ["email"]}
)
moments = st.integers(-20 * 24, 0).map(lambda hours: NOON + hours * HOUR)


@st.composite
def touched(draw: st.DrawFn) -> list[Arrival]:
    """Messages, visits and calls, each a touch."""
    found = []
    for number in range(draw(st.integers(1, 9))):
        id_, at, source = f"t{number}", draw(moments), f"{draw(st.sampled_from(TEAMS))}/a"
        channel, purpose = draw(st.sampled_from(CHANNELS)), draw(st.sampled_from([*PURPOSES, "transactional"]))
        if channel in ("email", "text"):
            found.append(by(source, said(f"{channel}.sent", id_, at, message_id=id_, purpose=purpose)))
        else:
            found.append(by(source, report(id_, at, method=channel)))
    return found


@given(touched(), policies())
def test_a_touch_is_over_a_cap_iff_there_was_no_room_for_it(arrivals: list[Arrival], policy: Policy) -> None:
    known = overview(folded(*arrivals))
    over = {
        each.evidence[0] for each in pressure_alerts(policy, known, set(map(key, arrivals))) if each.rule == "over_cap"
    }
    for place, (touch, shown) in enumerate(zip(known.touches, render(known.touches), strict=True)):
        earlier = render(known.touches[place + 1 :])
        request = PermissionRequest(channel=shown["channel"], purpose=shown["purpose"], team=shown["team"])
        expected = shown["purpose"] != "transactional" and (
            over_a_cap(policy, earlier, request, touch.time) or too_heavy(policy, earlier, request, touch.time)
        )
        event(f"over: {expected}")
        assert ((touch.source, touch.id) in over) is expected


def step(state: ContactState, chunk: Sequence[Arrival]) -> tuple[ContactState, list[Alert]]:
    """A contact who stands alone takes a chunk."""
    after, outcomes = fold(state, chunk)
    facts = [arrival.fact() for arrival in chunk]
    applied = [fact for fact, outcome in zip(facts, outcomes, strict=True) if outcome is FoldOutcome.APPLIED]
    return after, alerts(STRICT, "ada", overview(after), triggers(applied), [state])


busy = st.builds(list.__add__, touched(), lives())


@given(busy, st.integers(0, 20), st.data())
def test_the_order_in_which_things_came_before_the_trigger_is_no_matter(
    life: list[Arrival], cut: int, data: st.DataObject
) -> None:
    life = data.draw(st.permutations(life))
    before, chunk = life[:cut], life[cut:]
    _, in_order = step(folded(*before), chunk)
    _, shuffled = step(folded(*data.draw(st.permutations(before))), data.draw(st.permutations(chunk)))
    event(f"alerts: {bool(in_order)}")
    assert in_order == shuffled


@given(busy, st.data())
def test_an_alert_is_sent_once_however_often_and_in_whatever_parts_things_come(
    life: list[Arrival], data: st.DataObject
) -> None:
    state, sent = ContactState(), []
    for chunk in data.draw(chunks(data.draw(deliveries(life, days=40)))):
        state, raised = step(state, chunk)
        sent += [alert["alert_id"] for alert in raised]
    event(f"alerts: {min(len(sent), 3)}")
    assert len(set(sent)) == len(sent)


@given(touched(), st.data())
def test_what_is_heard_a_week_late_again_says_nothing(arrivals: list[Arrival], data: st.DataObject) -> None:
    state, _ = step(ContactState(), arrivals)
    late = [Arrival(arrival.interaction, NOON + data.draw(st.integers(8, 40)) * DAY) for arrival in arrivals]
    for arrival in late:
        state, raised = step(state, [arrival])
        assert raised == []
