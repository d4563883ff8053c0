"""People in experiments, in one line each."""

from collections.abc import Mapping

from events.experiments.metrics import METRICS
from streams.domain.contact import ContactState
from streams.domain.contact.contribution import Contribution
from streams.domain.contact.packed_contribution import NOTHING, PackedContribution, unpacked
from streams.domain.contact.person_view import overview
from streams.domain.experiments.counting_rules import CountingRule
from streams.domain.experiments.person_sums import packed_contribution_of
from tests.unit.domain.contact.said import DONOR, NOON, Arrival, folded, said

NOBODYS: Mapping[str, CountingRule] = {}


def assigned(variant: str = "B", time: int = NOON, experiment: str = "x", **data: str) -> Arrival:
    """By `experiment.assigned`."""
    name = f"{experiment} {variant} {time}"
    return said("experiment.assigned", name, time, experiment={"id": experiment, "variant": variant}, **data)


def given_by(
    state: ContactState, rules: Mapping[str, CountingRule] = NOBODYS, before: PackedContribution = NOTHING
) -> list[Contribution]:
    return [*unpacked(packed_contribution_of(DONOR, overview(state), rules, before))]


def figures(*arrivals: Arrival, rule: CountingRule | None = None) -> dict[str, tuple[int, int, int]]:
    """By metric what somebody gives to the experiment `x` in the window, before it, and as it was."""
    (one,) = given_by(folded(*arrivals), {} if rule is None else {"x": rule})
    return {METRICS[place]: (y, x, raw) for place, y, x, raw in one.values}
