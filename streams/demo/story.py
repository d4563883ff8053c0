"""What is told at the end of the demo, worked out from the truth and from the profiles."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from events.outputs import ContactProfile
from streams.demo.check import Difference
from streams.demo.figures import Figures
from streams.demo.recount import Profile
from streams.demo.truth import Publication


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
class Giver:
    """A contact by money. `net`: minor units by currency."""

    contact_id: str
    region: str | None
    gifts: int
    net: Mapping[str, int]
    last_at: str | None


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
class Story:
    """Everything that the summary shows; `compared` says how many profiles were held against the oracle."""

    figures: Figures
    flows: Sequence[Flow]
    givers: Sequence[Giver]
    reached: Sequence[Reached]
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


def top_givers(profiles: Iterable[Profile], most: int = 8) -> list[Giver]:
    """The largest net amounts of one currency, in minor units."""
    found = []
    for profile in _typed(profiles):
        given = profile["donations"]
        if given["count"]:
            region = profile["zones"]["region"]
            found.append(Giver(profile["contact_id"], region, given["count"], given["net"], given["last_at"]))
    return sorted(found, key=lambda giver: (-max(giver.net.values()), giver.contact_id))[:most]


def most_reached(profiles: Iterable[Profile], most: int = 8) -> list[Reached]:
    """The contacts into whose days we came most often."""
    found = []
    for profile in _typed(profiles):
        counts = profile["counts"]
        emails, texts = counts.get("email.delivered", 0), counts.get("text.delivered", 0)
        talks = profile["canvass"]["contacts"]
        found.append(Reached(profile["contact_id"], profile["zones"]["region"], emails, texts, talks))
    return sorted(found, key=lambda one: (-one.total, one.contact_id))[:most]


def _typed(profiles: Iterable[Profile]) -> Iterable[ContactProfile]:
    """Profiles as read from JSON; the self-check has seen that they have every field."""
    return cast(Iterable[ContactProfile], profiles)
