"""In which variant of which experiment a person is counted: the first that was given, and whether it was alone."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from events.outputs import Assignment
from events.times import render_time
from streams.domain.contact.facts.engagement import Deed
from streams.domain.contact.facts.fact_index import FactIndex
from streams.domain.contact.sections.exposures import CarriedVariant, Drops, MessageVariant, by_message, is_dropped
from streams.domain.contact.sections.messages import Message
from streams.domain.contact.state import Fact, Settled


class ExperimentAssignment(Struct, frozen=True, gc=False):
    """A person in an experiment, since `time` (ms). `contaminated`: another variant was given as well."""

    time: int
    source: str
    id: str
    arm: CarriedVariant
    contaminated: bool = False


def assigned(found: FactIndex, settled: Settled) -> Sequence[ExperimentAssignment]:
    """One for each experiment that the person is in, by its id; of most people there is none."""
    if not found.arms and not settled.arms:
        return ()
    drops = _drops(found, settled)
    first: dict[str, ExperimentAssignment] = {}
    mixed: set[str] = set()
    for fact in found.arms:  # which are in order
        arm = fact.arm
        if arm is None or (drops and _is_dropped(fact, drops)):
            continue
        experiment = arm.experiment
        known = first.get(experiment)
        if known is None:
            first[experiment] = ExperimentAssignment(fact.time, fact.source, fact.id, arm)
        elif known.arm.variant != arm.variant:
            mixed.add(experiment)
    if settled.arms:
        _take_settled(first, mixed, settled.arms, drops)
    for experiment in mixed:
        first[experiment] = _marked(first[experiment])
    return [first[name] for name in sorted(first)]


def _take_settled(
    first: dict[str, ExperimentAssignment], mixed: set[str], arms: Iterable[MessageVariant], drops: Drops
) -> None:
    for each in arms:
        if drops and is_dropped(each.message_id, each.appended_at, drops):
            continue
        known = first.get(each.arm.experiment)
        if known is not None and known.arm.variant != each.arm.variant:
            mixed.add(each.arm.experiment)
        if known is None or each.stamp < (known.time, known.source, known.id):
            first[each.arm.experiment] = ExperimentAssignment(each.time, each.source, each.id, each.arm)


def _marked(each: ExperimentAssignment) -> ExperimentAssignment:
    return ExperimentAssignment(each.time, each.source, each.id, each.arm, contaminated=True)


def _drops(found: FactIndex, settled: Settled) -> Drops:
    live = [(said.message_id, fact.appended_at) for _, fact, said in found.failed if fact.type == "email.dropped"]
    return by_message((*settled.drops, *live)) if settled.drops or live else {}


def _is_dropped(fact: Fact, drops: Drops) -> bool:
    said = fact.detail
    if not isinstance(said, Message | Deed) or not fact.type.startswith("email."):
        return False
    return is_dropped(said.message_id, fact.appended_at, drops)


def render(known: Sequence[ExperimentAssignment]) -> list[Assignment]:
    """The profile's `experiments`."""
    if not known:
        return []
    shown: list[Assignment] = [
        {"id": each.arm.experiment, "variant": each.arm.variant, "assigned_at": render_time(each.time)}
        for each in known
    ]
    for each, one in zip(known, shown, strict=True):
        if each.contaminated:
            one["contaminated"] = True
    return shown
