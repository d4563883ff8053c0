"""The interactions of a run as plain data, which the simulator writes and the oracle reads.

Nothing here knows an event model, an encoder or the fold, so a mistake in those cannot hide in the truth that they are
judged by.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict


class ContactFields(TypedDict, total=False):
    """`data.contact` as a producer writes it."""

    contact_id: str
    voter_id: str
    external: dict[str, str]
    email: str
    phone: str
    region: str
    postal_code: str
    time_zone: str
    language: str
    household: str


class Experiment(TypedDict):
    """The experiment and the variant that an interaction carries."""

    id: str
    variant: str


class Retracts(TypedDict):
    """The interaction that is retracted."""

    source: str
    id: str


class Provenance(TypedDict, total=False):
    """Where what an interaction says comes from."""

    kind: str
    obtained_at: str | None
    file: str | None
    purpose: str
    notice: str | None
    of_age: bool
    age_band: str
    sex: str
    polling_station: str
    notice_by: str | None
    notice_at: str | None


class Fields(TypedDict, total=False):
    """The fields of `data` besides `contact`, of every type together; an absent one and `None` mean the same."""

    team: str
    campaign_id: str
    universe: str
    turf: str
    message_id: str
    purpose: str
    list_id: str | None
    experiment: Experiment
    cluster: str
    user_agent: str
    machine: bool
    url: str
    kind: str | None
    reason: str
    donation_id: str
    refund_id: str
    amount: int
    currency: str
    pledge_id: str | None
    period: str | None
    instalment: int
    committee: str | None
    election: str
    refcode: str
    method: str
    outcome: str
    report_id: str | None
    canvasser_id: str
    support: int | None
    answers: dict[str, str | None]
    tags_added: list[str]
    tags_removed: list[str]
    status: str
    sender: str | None
    keyword: str
    event_id: str
    starts_at: str
    form_id: str
    channel: str
    granted: bool
    basis: str
    controller: str | None
    wording: str | None
    proof: str | None
    provenance: Provenance | None
    retracts: Retracts
    until: str | None


@dataclass(frozen=True, slots=True)
class Sent:
    """One interaction as its producer meant it; `time` is RFC 3339 text in any spelling."""

    topic: str
    type: str
    source: str
    id: str
    time: str
    contact: ContactFields
    fields: Fields

    @property
    def team(self) -> str:
        """The sending team: the field, else the first segment of the source."""
        return self.fields.get("team") or self.source.partition("/")[0]


Kind = Literal["first", "repeat", "bad"]


@dataclass(frozen=True, slots=True)
class Publication:
    """One Kafka record to publish and the truth about it.

    `reason` is the `dl_reason` that a bad record must get, None for a good one. `late` says that younger interactions
    were published before it. `sent` of a bad record is what it was before it was spoilt.
    """

    topic: str
    key: bytes | None
    value: bytes
    headers: Sequence[tuple[str, bytes]]
    sent: Sent
    kind: Kind
    late: bool
    reason: str | None
