"""From what is known of a person to what the person adds to each experiment.

It is a function of what is known and of the rules, in whatever order it came and whatever of it has settled. Only opens
and clicks of more than 400 days ago are not known any more: of them `before` is believed, and of somebody who was not
counted before it is said that nobody knows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from zlib import crc32

from msgspec.structs import replace

from events.experiment_results import Unit
from events.experiments.metrics import COUNTED_TYPES
from events.registry import ARRIVALS, types_that
from streams.domain.contact.contribution import GROUPS, UNKNOWN
from streams.domain.contact.packed_contribution import NOTHING, Mark, PackedContribution, Values, names_of, of_each
from streams.domain.contact.person_view import Overview
from streams.domain.contact.sections.assignments import ExperimentAssignment
from streams.domain.contact.sections.exposures import CarriedVariant
from streams.domain.contact.sections.human_hours import HOUR, oldest
from streams.domain.contact.sections.messages import Message
from streams.domain.contact.state import Fact
from streams.domain.experiments.counting_rules import DAY_MS, DEFAULT_RULE, LONGEST, CountingRule
from streams.domain.experiments.outcomes import CLICKED, OPENED, CountedAssignment, OutcomeValues, outcome_timeline

_DECISIVE = types_that(lambda spec: spec.experiments == "assignment")
"""They may take an assignment away; a report where it is the earlier version of another."""
_INDIFFERENT = types_that(lambda spec: spec.experiments == "nothing") - COUNTED_TYPES


def packed_contribution_of(
    contact_id: str, known: Overview, rules: Mapping[str, CountingRule], before: PackedContribution
) -> PackedContribution:
    """What the person adds to each experiment, by experiment. `rules`: by experiment; the others have the defaults.

    `before`: what the same person had added until now, which is returned itself where nothing has changed. `known` is
    all of the person, not what is shown of somebody who is too much for one record; see `at_most` for how many.
    """
    if not known.assigned:
        return NOTHING if before.names else before
    counted = _counted(known.assigned, rules)
    valued = OutcomeValues(outcome_timeline(known))
    of = valued.of(counted)
    names = tuple([names_of((each.arm.experiment, rule.edition, each.arm.variant)) for each, rule in counted])
    found = PackedContribution(
        names,
        tuple([each.time // DAY_MS for each, _ in counted]),
        tuple(valued.values),
        of,
        tuple(_marks(contact_id, counted)),
    )
    found = _with_forgotten(found, counted, before, oldest(known.state.clock) * HOUR)
    return before if found == before else found


def _counted(
    assigned: Iterable[ExperimentAssignment], rules: Mapping[str, CountingRule]
) -> Sequence[CountedAssignment]:
    """Those that count, with their rules."""
    return [
        (each, rule)
        for each in assigned
        if (rule := rules.get(each.arm.experiment, DEFAULT_RULE)) is DEFAULT_RULE or _counts(each.time, rule)
    ]


def _marks(contact_id: str, counted: Iterable[CountedAssignment]) -> Iterator[Mark]:
    for number, (each, rule) in enumerate(counted):
        if each.contaminated or rule.unit != "contact":
            yield number, _group(contact_id, each.arm, rule.unit), each.contaminated


def at_most(most: int, known: Overview, rules: Mapping[str, CountingRule]) -> tuple[Overview, int]:
    """The person in so many experiments, those that are defined first, and how many are left out."""
    counted = [each for each, _ in _counted(known.assigned, rules)]
    first = sorted(counted, key=lambda each: (each.arm.experiment not in rules, each.arm.experiment))[:most]
    kept = sorted(first, key=lambda each: each.arm.experiment)
    return replace(known, assigned=kept), len(counted) - len(kept)


def may_change(
    applied: Iterable[Fact], known: Overview, rules: Mapping[str, CountingRule], before: PackedContribution
) -> bool:
    """False: what a fragment has just taken surely leaves `packed_contribution_of` as it was, which is `before`.

    `known`: of its person, after that. `rules`: as for `packed_contribution_of`.

    It is enough to ask this where nothing else has happened than that interactions were folded. After a link, an
    erasure, a part that came or left, or another rule, `packed_contribution_of` itself has to be asked.
    """
    for fact in applied:
        if fact.type in _DECISIVE or (fact.arm is not None and not _is_counted(fact, fact.arm, known, rules, before)):
            return True
        if known.assigned and fact.type not in _INDIFFERENT and not (fact.type in ARRIVALS and _is_idle(fact, known)):
            return True
    return False


def _is_counted(
    fact: Fact, arm: CarriedVariant, known: Overview, rules: Mapping[str, CountingRule], before: PackedContribution
) -> bool:
    """Whether the person is counted in that variant of the experiment by something else than this fact.

    One who is in it and is not counted, for want of room or by an earlier rule, may be from now on.
    """
    given = next((each for each in known.assigned if each.arm.experiment == arm.experiment), None)
    if given is None or given.arm.variant != arm.variant or (given.source, given.id) == fact.key:
        return False
    return names_of((arm.experiment, rules.get(arm.experiment, DEFAULT_RULE).edition, arm.variant)) in before.names


def _is_idle(arrival: Fact, known: Overview) -> bool:
    """Whether nobody has done anything yet with the message that arrived, which is so of nearly every new one."""
    said = arrival.detail
    return isinstance(said, Message) and all(act.message_id != said.message_id for act, _ in known.acts)


def _counts(assigned: int, rule: CountingRule) -> bool:
    if rule.start is not None and assigned < rule.start:
        return False
    return (rule.end is None or assigned < rule.end) and (rule.rollout is None or assigned < rule.rollout)


def _group(contact_id: str, arm: CarriedVariant, unit: Unit) -> int:
    """People of whom no household or turf was named are groups by themselves."""
    if unit == "contact":
        return -1
    named = arm.cluster if arm.cluster is not None else arm.household if unit == "household" else arm.turf
    return (crc32(contact_id.encode()) if named is None else named) % GROUPS


def _with_forgotten(
    found: PackedContribution, counted: Sequence[CountedAssignment], before: PackedContribution, since: int
) -> PackedContribution:
    """With opens and clicks as they were before, or marked as unknown, wherever some may be of before `since` (ms)."""
    if not counted or min(found.days) * DAY_MS - LONGEST >= since:
        return found
    was = dict(zip(before.places, before.of, strict=True))
    values = [found.values[each] for each in found.of]
    for number, (place, (each, rule)) in enumerate(zip(found.places, counted, strict=True)):
        held = before.values[was[place]] if place in was else None
        values[number] = _believing(held, values[number], each.time, rule, since)
    different, of = of_each(values)
    return replace(found, values=different, of=of)


def _believing(before: Values | None, values: Values, assigned: int, rule: CountingRule, since: int) -> Values:
    """`before`: None of somebody who was not counted yet."""
    keeps_y = assigned // HOUR * HOUR < since
    keeps_x = rule.covariate_days > 0 and (assigned // DAY_MS - rule.covariate_days) * DAY_MS < since
    if not keeps_y and not keeps_x:
        return values
    was, now = ({value[0]: value for value in each or ()} for each in (before, values))
    for place in (OPENED, CLICKED):
        _, old_y, old_x, old_raw = was.get(place, (place, 0, 0, 0))
        _, y, x, raw = now.pop(place, (place, 0, 0, 0))
        if before is None:
            raw -= UNKNOWN if keeps_y else 0
        else:
            y, raw = (old_y, old_raw) if keeps_y else (y, raw)
            x = old_x if keeps_x else x
        if y or x or raw:
            now[place] = place, y, x, raw
    return tuple(sorted(now.values()))
