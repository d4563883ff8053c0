"""Everything by which Harmonia rates, profiles or decides about a person: how it is worked out, and whether it is on.

Nothing here guesses what somebody thinks, how they vote or what they own; what canvassers report is no score. Texts are
English, as keys of the catalogues.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from events.regimes import REGIMES
from streams.domain.pressure import Policy
from streams.platform.settings import Settings


class DefinedRule(NamedTuple):
    """A segment or an experiment that is defined. `rule`: as its author wrote it; `is_special`: it goes by opinion."""

    name: str
    rule: str
    is_special: bool = False


class Definitions(NamedTuple):
    """What is defined now."""

    segments: tuple[DefinedRule, ...]
    experiments: tuple[DefinedRule, ...]


class Surroundings(NamedTuple):
    """By what is judged whether a score is on. `defined` None: nobody has looked."""

    settings: Settings
    policy: Policy
    defined: Definitions | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreSpec:
    """One of them. `logic`: how it is worked out. `use`: what follows from it. `page`: where more of it stands.

    `is_on`: None where nobody has looked.
    """

    name: str
    logic: str
    use: str
    page: str
    is_on: Callable[[Surroundings], bool | None]


def _has_budget(around: Surroundings) -> bool:
    return around.policy.points is not None


def _has_segments(around: Surroundings) -> bool | None:
    return None if around.defined is None else bool(around.defined.segments)


def _has_experiments(around: Surroundings) -> bool | None:
    return None if around.defined is None else bool(around.defined.experiments)


SCORES = (
    ScoreSpec(
        name="Segments",
        logic="Rules that people write, by what is known of a person: gifts, touches, support as a canvasser reported "
        "it, tags, ballots, places. A person is in or not; nothing is weighed and nothing is learned.",
        use="Who is on a list, and of whom other tools are told.",
        page="segments.md",
        is_on=_has_segments,
    ),
    ScoreSpec(
        name="Experiments and their uplift",
        logic="A hash draws which variant a person is given. What people did after it is added up over all, and sums "
        "of groups are compared; no uplift of one person is worked out.",
        use="Which variant the organisation goes on with.",
        page="experiments.md",
        is_on=_has_experiments,
    ),
    ScoreSpec(
        name="Backtests",
        logic="A policy is asked about touches of the past; the report counts whom it would have refused.",
        use="Whether a policy is taken; nothing follows for one person.",
        page="backtest.md",
        is_on=lambda around: around.settings.lake is not None,
    ),
    ScoreSpec(
        name="Pressure",
        logic="Points of touches, by channel, halved every seven days.",
        use="Who has had as much as the policy allows is left alone: it protects, and opens nothing.",
        page="policy.md",
        is_on=_has_budget,
    ),
    ScoreSpec(
        name="Human or machine",
        logic="How likely it is that a person, and not a program, opened or clicked a message: published weights, of "
        "which the strongest of each kind are added.",
        use="Expected numbers of opens and clicks in profiles, sums and segments.",
        page="human.md",
        is_on=lambda _: True,
    ),
    ScoreSpec(
        name="Permissions",
        logic="The policy's rules on closed channels, consent, sources, hours and caps, one after the other; a no "
        "names its reason and the interactions behind it.",
        use="Whether a person is reached now, later or not at all; without a human where tools ask.",
        page="permit.md",
        is_on=lambda _: True,
    ),
    ScoreSpec(
        name="Audiences for ads",
        logic="Whether the data come from the person, who agreed to political ads online and is of age by somebody's "
        "word, one after the other; the first no counts.",
        use="Who is in a file for ads online; a segment that goes by opinion is refused whole.",
        page="audiences.md",
        is_on=lambda around: REGIMES[around.settings.regime].guards_opinion,
    ),
    ScoreSpec(
        name="Whom nobody asks to vote",
        logic="Reported support and ballots, as the policy's section mobilisation names them.",
        use="A request to mobilise a person with such support, or such a ballot, is denied.",
        page="policy.md",
        is_on=lambda around: bool(around.policy.mobilisation.support or around.policy.mobilisation.ballot),
    ),
    ScoreSpec(
        name="Who is one person",
        logic="Identifiers that an interaction names together are one person, unless they conflict or too many share "
        "one; an operator's word counts more.",
        use="What is known under one address is shown under the other, and a no under one binds all.",
        page="identity.md",
        is_on=lambda _: True,
    ),
    ScoreSpec(
        name="Inactivity",
        logic="The time of the latest act of a person's own.",
        use="Who has done nothing for so long is due to be forgotten, once an operator sends that.",
        page="retention.md",
        is_on=lambda around: around.settings.inactivity_days > 0,
    ),
)
