"""A person of whom a few things were said, and whether one condition holds of them."""

from typing import Any

from streams.domain.contact.merging import person as merged
from streams.domain.contact.person_view import overview
from streams.domain.file_mistakes import FileMistakes
from streams.domain.pressure import Policy, default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.definition_files import read_segment
from streams.domain.segments.matching import matches
from streams.domain.segments.matching_plan import MatchingPlan
from streams.domain.segments.person import Person
from streams.domain.segments.resolution import Segment, resolve
from tests.unit.domain.contact.said import DONOR, Arrival, folded


def person(*arrivals: Arrival, name: str = DONOR) -> Person:
    return Person(name, overview(merged({name: folded(*arrivals)})))


def segment(policy: Policy | None = None, **groups: list[dict[str, Any]]) -> Segment:
    definition = read_segment({"id": "s"} | groups)
    assert not isinstance(definition, FileMistakes), str(definition)
    return resolve([definition], channel_rules(policy or default_policy())).segments["s"]


def plan(of: Segment) -> MatchingPlan:
    return MatchingPlan({of.id: of}, of.rules)


def holds(someone: Person, at: int, policy: Policy | None = None, **condition: Any) -> bool:
    """Whether a condition holds, by recursion and by a plan alike. `is_` stands for the key `is`."""
    asked = segment(policy, all=[{name.rstrip("_"): value for name, value in condition.items()}])
    found = matches(asked, someone, at)
    assert (plan(asked).read(someone, at).answer == 1) is found
    return found
