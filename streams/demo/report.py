"""The findings of one demo run: its figures (also as `--json`), and what the last page tells of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import orjson

from events.experiment_results import ExperimentResult
from events.outputs import ContactProfile
from streams.demo.check import Difference
from streams.demo.evening_figures import EveningFigures
from streams.demo.recount import Profile
from streams.demo.truth import Publication
from streams.domain.experiments.report.pages import summary_line
from streams.domain.experiments.report.summary import summary_of


@dataclass(frozen=True, slots=True)
class Latency:
    """Time from the producer's acknowledgement to the profile in Redis, in milliseconds."""

    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class DonorTotals:
    """Gifts of one contact. `net`: gifts less refunds, in minor units by currency."""

    contact_id: str
    region: str | None
    gifts: int
    net: Mapping[str, int]
    last_at: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one run.

    `published`: records sent to the input topics. `accepted`: those of them in `interactions`, repeats included.
    `duplicates`: accepted ones that the fold had before. `dead_letters`: by reason, rows of the import included.
    `evening`: what there was to see in the evening that was played.
    `net_donations`: minor units by currency. `top_donors`: those who gave most. `timed`: those of `published`
    that were sent as fast as it goes; `seconds`: from the first of them to the last profile in Redis.
    """

    published: int
    accepted: int
    duplicates: int
    dead_letters: Mapping[str, int]
    contacts: int
    net_donations: Mapping[str, int]
    timed: int
    seconds: float
    events_per_second: float
    latency_ms: Latency
    top_donors: Sequence[DonorTotals] = ()
    evening: EveningFigures | None = None

    def to_json(self) -> bytes:
        """A JSON object with exactly these keys, without `evening` where none was played."""
        shown = {name: value for name, value in asdict(self).items() if name != "evening" or value is not None}
        return orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


@dataclass(slots=True)
class TopicFlow:
    """How many records of each kind one team sent to one topic."""

    topic: str
    team: str
    published: int = 0
    repeats: int = 0
    late: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class ReachedContact:
    """A contact by how often it was reached: messages delivered and conversations held."""

    contact_id: str
    region: str | None
    emails: int
    texts: int
    conversations: int

    @property
    def total(self) -> int:
        """The messages and conversations of all channels."""
        return self.emails + self.texts + self.conversations


@dataclass(frozen=True, slots=True)
class ExperimentLine:
    """The state of an experiment: how many people are in it, and what it says so far of its primary metric."""

    experiment: str
    people: int
    says: str


@dataclass(frozen=True, slots=True)
class DemoReport:
    """Everything that the last page shows; `compared`: how many profiles were compared with the oracle's.

    `has_rights`: consent, provenance and retention were compared as well.
    """

    figures: Figures
    flows: Sequence[TopicFlow]
    reached: Sequence[ReachedContact]
    tried: Sequence[ExperimentLine]
    compared: int
    differences: Sequence[Difference] = field(default=())
    has_rights: bool = False


def flows(publications: Iterable[Publication]) -> list[TopicFlow]:
    """The records of each topic and team, the largest flow first."""
    found: dict[tuple[str, str], TopicFlow] = {}
    for one in publications:
        flow = found.setdefault((one.topic, one.sent.team), TopicFlow(one.topic, one.sent.team))
        flow.published += 1
        flow.repeats += one.kind == "repeat"
        flow.late += one.late
        flow.refused += one.reason is not None
    return sorted(found.values(), key=lambda flow: (-flow.published, flow.topic, flow.team))


def net_donations(profiles: Iterable[Profile]) -> dict[str, int]:
    """The net donations of all contacts together, in minor units by currency."""
    total: Counter[str] = Counter()
    for profile in _typed(profiles):
        total.update(profile["donations"]["net"])
    return dict(sorted(total.items()))


def top_donors(profiles: Iterable[Profile], most: int = 8) -> list[DonorTotals]:
    """The donors with the largest net amount in one currency, in minor units."""
    found = []
    for profile in _typed(profiles):
        given = profile["donations"]
        if given["count"]:
            region = profile["zones"]["region"]
            found.append(DonorTotals(profile["contact_id"], region, given["count"], given["net"], given["last_at"]))
    return sorted(found, key=lambda one: (-max(one.net.values()), one.contact_id))[:most]


def most_reached(profiles: Iterable[Profile], most: int = 8) -> list[ReachedContact]:
    """The contacts that were reached most often."""
    found = []
    for profile in _typed(profiles):
        counts = profile["counts"]
        emails, texts = counts.get("email.delivered", 0), counts.get("text.delivered", 0)
        talks = profile["canvass"]["contacts"]
        found.append(ReachedContact(profile["contact_id"], profile["zones"]["region"], emails, texts, talks))
    return sorted(found, key=lambda one: (-one.total, one.contact_id))[:most]


def experiment_lines(results: Iterable[tuple[str, Mapping[str, Any]]]) -> list[ExperimentLine]:
    """A line for each experiment, in the words of `harmonia experiments list`."""
    summaries = [summary_of(cast(ExperimentResult, result)) for _, result in results]
    return [ExperimentLine(one["experiment"], one["assigned"], summary_line(one)[1]) for one in summaries]


def _typed(profiles: Iterable[Profile]) -> Iterable[ContactProfile]:
    """Profiles as read from JSON; the self-check has seen that they have every field."""
    return cast(Iterable[ContactProfile], profiles)
