"""From what is known of a person to what the person adds to each experiment.

It is a function of what is known and of the rules, in whatever order it came and whatever of it has settled. Only opens
and clicks of more than 400 days ago are not known any more: of them `before` is believed.
"""

from collections.abc import Iterable, Iterator, Mapping
from zlib import crc32

from events.experiment_results import Unit
from events.fields import MAX_AMOUNT
from streams.contact.arms import Arm
from streams.contact.assigned import Assigned
from streams.contact.hours import HOUR, oldest
from streams.contact.overview import Overview
from streams.contact.state import Fact
from streams.experiments.given import GROUPS, Given, Value
from streams.experiments.outcomes import CLICKED, NET_AMOUNT, OPENED, Found, Outcomes, outcomes
from streams.experiments.rules import DAY_MS, DEFAULT, Rule

_ARRIVALS = frozenset({"email.sent", "email.delivered"})
"""They tell a person's opens from a program's."""

_DECISIVE = frozenset({"email.dropped", "canvass.reported", "interaction.retracted"})
"""They may take an assignment away, the second where it is the earlier version of a report."""

_INDIFFERENT = frozenset(
    {
        *("email.bounced", "email.deferred", "text.sent", "text.delivered", "text.failed"),
        *("donation.charge_failed", "donation.pledge_cancelled"),
        *("rsvp.made", "rsvp.cancelled", "rsvp.attended", "rsvp.no_show"),
        *("contact.linked", "contact.unlinked", "contact.suppressed"),
    }
)


def given(contact_id: str, known: Overview, rules: Mapping[str, Rule], before: tuple[Given, ...]) -> tuple[Given, ...]:
    """What the person adds to each experiment, by experiment. `rules`: by experiment; the others have the defaults.

    `before`: what the same person had added until now, which is returned itself where nothing has changed. `known` is
    all of the person, not what is shown of somebody who is too much for one record.
    """
    if not known.assigned:
        return ()
    added = {one.experiment: one for one in before}
    measured = outcomes(known)
    since = oldest(known.state.clock) * HOUR
    after = []
    for each in known.assigned:
        experiment = each.arm.experiment
        rule = rules.get(experiment, DEFAULT)
        if _counts(each.time, rule):
            after.append(_given(contact_id, each, rule, measured, added.get(experiment), since))
    found = tuple(after)
    return before if found == before else found


def may_change(applied: Iterable[Fact], known: Overview) -> bool:
    """False: what a fragment has just taken surely leaves `given` as it was. `known`: of its person, after that.

    It is enough to ask this where nothing else has happened than that interactions were folded. After a link, an
    erasure, a part that came or left, or another rule, `given` itself has to be asked.
    """
    for fact in applied:
        if fact.arm is not None or fact.type in _DECISIVE:
            return True
        if known.assigned and fact.type not in _INDIFFERENT and (known.acts or fact.type not in _ARRIVALS):
            return True
    return False


def _counts(assigned: int, rule: Rule) -> bool:
    if rule.start is not None and assigned < rule.start:
        return False
    return (rule.end is None or assigned < rule.end) and (rule.rollout is None or assigned < rule.rollout)


def _given(  # noqa: PLR0913, PLR0917 (whom, in what, by which rule, and what is known)
    contact_id: str, each: Assigned, rule: Rule, measured: Outcomes, before: Given | None, since: int
) -> Given:
    arm, day = each.arm, each.time // DAY_MS
    values = _values(each.time, rule, measured)
    if before is not None and (before.edition, before.variant, before.day) == (rule.edition, arm.variant, day):
        values = _with_forgotten(values, before, each.time, rule, since)
    group = _group(contact_id, arm, rule.unit)
    return Given(arm.experiment, arm.variant, day, rule.edition, group, each.contaminated, values)


def _group(contact_id: str, arm: Arm, unit: Unit) -> int:
    """People of whom no household or turf was named are groups by themselves."""
    if unit == "contact":
        return -1
    named = arm.cluster if arm.cluster is not None else arm.household if unit == "household" else arm.turf
    return (crc32(contact_id.encode()) if named is None else named) % GROUPS


def _values(assigned: int, rule: Rule, measured: Outcomes) -> tuple[Value, ...]:
    until, today = assigned + rule.window_ms, assigned // DAY_MS * DAY_MS
    before = today - rule.covariate_days * DAY_MS
    found: list[Value] = []
    for acts in measured.acts:
        y = acts.between(assigned // HOUR, until // HOUR)
        x = acts.between(before // HOUR, today // HOUR)
        if y or x:
            found.append((acts.place, y, x, y))
    if measured.others:
        after, earlier = (
            measured.between(assigned, until, rule.currency),
            measured.between(before, today, rule.currency),
        )
        if after or earlier:
            found += _of_all(after, earlier, rule.winsorise)
            found.sort()
    return tuple(found)


def _of_all(after: Found, earlier: Found, most: int) -> Iterator[Value]:
    for place in after.keys() | earlier.keys():
        raw, x = after.get(place, 0), earlier.get(place, 0)
        y = raw
        if place == NET_AMOUNT:
            raw = max(-MAX_AMOUNT, min(raw, MAX_AMOUNT))
            y, x = max(-most, min(raw, most)), max(-most, min(x, most))
        if raw or x:
            yield place, y, x, raw


def _with_forgotten(
    values: tuple[Value, ...], before: Given, assigned: int, rule: Rule, since: int
) -> tuple[Value, ...]:
    """`values` with opens and clicks as they were before wherever some of them may have been before `since` (ms)."""
    keeps_y = assigned // HOUR * HOUR < since
    keeps_x = rule.covariate_days > 0 and (assigned // DAY_MS - rule.covariate_days) * DAY_MS < since
    if not keeps_y and not keeps_x:
        return values
    was, now = ({value[0]: value for value in each} for each in (before.values, values))
    for place in (OPENED, CLICKED):
        _, old_y, old_x, _ = was.get(place, (place, 0, 0, 0))
        _, y, x, _ = now.pop(place, (place, 0, 0, 0))
        y, x = old_y if keeps_y else y, old_x if keeps_x else x
        if y or x:
            now[place] = place, y, x, y
    return tuple(sorted(now.values()))
