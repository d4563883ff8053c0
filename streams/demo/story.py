"""What is told at the end of the demo, worked out from the truth and from the profiles."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from events.experiment_results import ExperimentResult
from events.outputs import ContactProfile
from streams.demo.check import Difference
from streams.demo.figures import Donor, Figures
from streams.demo.recount import Profile
from streams.demo.truth import Publication
from streams.domain.experiments.report.pages import summary_line
from streams.domain.experiments.report.summary import summary_of


@dataclass(slots=True)
class Flow:
    """What one team sent to one topic."""

    topic: str
    team: str
    published: int = 0
    repeats: int = 0
    late: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Reached:
    """A contact by how often it was reached: messages delivered and conversations held."""

    contact_id: str
    region: str | None
    emails: int
    texts: int
    conversations: int

    @property
    def total(self) -> int:
        """All channels together."""
        return self.emails + self.texts + self.conversations


@dataclass(frozen=True, slots=True)
class Tried:
    """An experiment: how many people were in it, and what it says so far of its primary metric."""

    experiment: str
    people: int
    says: str


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that the summary shows; `compared` says how many profiles were held against the oracle."""

    figures: Figures
    flows: Sequence[Flow]
    reached: Sequence[Reached]
    tried: Sequence[Tried]
    compared: int
    differences: Sequence[Difference] = field(default=())


def flows(publications: Iterable[Publication]) -> list[Flow]:
    """By topic and team, the largest first."""
    found: dict[tuple[str, str], Flow] = {}
    for one in publications:
        flow = found.setdefault((one.topic, one.sent.team), Flow(one.topic, one.sent.team))
        flow.published += 1
        flow.repeats += one.kind == "repeat"
        flow.late += one.late
        flow.refused += one.reason is not None
    return sorted(found.values(), key=lambda flow: (-flow.published, flow.topic, flow.team))


def net_donations(profiles: Iterable[Profile]) -> dict[str, int]:
    """All contacts together, minor units by currency."""
    total: Counter[str] = Counter()
    for profile in _typed(profiles):
        total.update(profile["donations"]["net"])
    return dict(sorted(total.items()))


def top_donors(profiles: Iterable[Profile], most: int = 8) -> list[Donor]:
    """The largest net amounts of one currency, in minor units."""
    found = []
    for profile in _typed(profiles):
        given = profile["donations"]
        if given["count"]:
            region = profile["zones"]["region"]
            found.append(Donor(profile["contact_id"], region, given["count"], given["net"], given["last_at"]))
    return sorted(found, key=lambda one: (-max(one.net.values()), one.contact_id))[:most]


def most_reached(profiles: Iterable[Profile], most: int = 8) -> list[Reached]:
    """The contacts into whose days we came most often."""
    found = []
    for profile in _typed(profiles):
        counts = profile["counts"]
        emails, texts = counts.get("email.delivered", 0), counts.get("text.delivered", 0)
        talks = profile["canvass"]["contacts"]
        found.append(Reached(profile["contact_id"], profile["zones"]["region"], emails, texts, talks))
    return sorted(found, key=lambda one: (-one.total, one.contact_id))[:most]


def tried(results: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Tried]:
    """By id, in the words of `harmonia experiments list`."""
    summaries = [summary_of(cast(ExperimentResult, result)) for _, result in results]
    return [Tried(one["experiment"], one["assigned"], summary_line(one)[1]) for one in summaries]


def _typed(profiles: Iterable[Profile]) -> Iterable[ContactProfile]:
    """Profiles as read from JSON; the self-check has seen that they have every field."""
    return cast(Iterable[ContactProfile], profiles)
