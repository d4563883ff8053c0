"""Laws of alerts."""

from collections.abc import Sequence

from hypothesis import event, example, given
from hypothesis import strategies as st

from events.json_types import JSON
from events.outputs import Alert
from events.provenance_kinds import ShownKind
from events.times import render_time
from streams.domain.contact import ContactState, FoldOutcome, profile
from streams.domain.contact.merging import person
from streams.domain.contact.person_view import overview
from streams.domain.contact.publication.alert_triggers import triggers
from streams.domain.contact.publication.size_limit import bounded, shorter_and_shorter
from streams.domain.contact.sections.touches import render
from streams.domain.pressure import PermissionRequest, Policy, read_policy
from streams.domain.pressure.alerting import pressure_alerts
from streams.domain.pressure.notices import is_notice_due, without_notice
from streams.domain.pressure.policy_conditions import PolicyCondition
from streams.domain.pressure.policy_files import policy_text
from streams.worker.agents.contacts.alert_records import alerts
from tests.property.domain.contact.strategies import chunks, deliveries, few, fields, key, lives
from tests.property.domain.pressure.recount import over_a_cap, too_heavy
from tests.property.domain.pressure.strategies import CHANNELS, PURPOSES, conditions, policies
from tests.unit.domain.contact.said import DAY, DONOR, HOUR, NOON, Arrival, by, fold, folded, report, retracted, said
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


TIMES = few(*(render_time(NOON + day * DAY) for day in range(-2, 12, 3)))
PROVENANCE = fields(
    {"kind": few("vendor", "rented", "self"), "file": few("a", "b")},
    {"obtained_at": TIMES, "notice": few("n"), "notice_at": TIMES, "of_age": few(True, False), "sex": few("f", "m")},
)
TYPES: dict[str, dict[str, JSON]] = {
    "provenance.reported": {},
    "form.submitted": {"form_id": "f"},
    "consent.changed": {"channel": "email", "granted": False},
}
PARTS = (DONOR, "b", "c")
WITHIN = 28 * DAY

Saying = tuple[str, dict[str, JSON], str, str | None]
"""A type, its provenance, the part that has it, and the part that takes it back."""

SAYINGS: st.SearchStrategy[list[Saying]] = st.lists(
    st.tuples(few(*TYPES), PROVENANCE, st.sampled_from(PARTS), st.sampled_from([None, None, None, *PARTS])),
    max_size=8,
)


def fragments(saying: list[Saying], more: dict[str, JSON]) -> dict[str, ContactState]:
    parts: dict[str, list[Arrival]] = {part: [] for part in PARTS}
    for day, (type_, provenance, part, back) in enumerate(saying):
        parts[part].append(said(type_, f"{day}", NOON + day * DAY, **TYPES[type_], provenance={**provenance, **more}))
        if back is not None:
            parts[back].append(retracted(f"{day}", f"r{day}"))
    return {part: folded(*arrivals) for part, arrivals in parts.items()}


def verdict(states: dict[str, ContactState], at: int) -> tuple[bool, set[tuple[ShownKind, str | None]]]:
    known = profile(DONOR, person(states))
    places = {(item["kind"], item.get("file")) for item in without_notice(known, at, WITHIN)}
    return is_notice_due(known, at), places


ROW: dict[str, JSON] = {"kind": "rented", "file": "a"}
TOLD: dict[str, JSON] = {**ROW, "notice": "n"}
AGAIN: dict[str, JSON] = {**ROW, "obtained_at": render_time(NOON - DAY)}


@given(SAYINGS, st.integers(0, 12), st.booleans())
@example(
    [("provenance.reported", each, "b", None) for each in (ROW, TOLD)] + [("consent.changed", AGAIN, "b", None)],
    9,
    False,
)
@example([("provenance.reported", *each, None) for each in ((ROW, "b"), (TOLD, "c"), (ROW, "b"))], 9, False)
@example([("provenance.reported", ROW, "b", "c"), ("provenance.reported", ROW, "b", None)], 9, False)
def test_the_same_notices_are_due_where_parts_are_too_large(saying: list[Saying], after: int, last: bool) -> None:
    """In the last resort one file of each kind is shown: so of that one."""
    states = fragments(saying, {"file": "a"} if last else {})
    at = NOON + 12 * DAY + after * 3 * DAY
    *_, least = shorter_and_shorter(states)

    whole = verdict(states, at)
    short = verdict(dict(least if last else bounded(states, 0)), at)

    event(f"due: {whole[0]}, untold: {bool(whole[1])}")
    assert short == whole


@given(policies(), st.lists(conditions(), max_size=3))
def test_what_is_written_is_read_as_the_same_policy(limits: Policy, found: list[PolicyCondition]) -> None:
    policy = limits.model_copy(update={"conditions": tuple(found)}) if found else limits
    read = read_policy(policy_text(policy))
    assert isinstance(read, Policy), read
    assert (read, read.version) == (policy, policy.version)
