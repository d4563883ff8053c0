"""The pressure policy: how often and when any team may reach a person, from one file.

A policy sets limits only. It never changes what is known of anybody, so it can be changed at any time, and every
decision says by which version of it was decided.
"""

import json
import re
from functools import cached_property
from hashlib import blake2b
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from events.interactions.base import Channel, ProvenanceKind
from streams.domain.contact.sections.pressure import COSTS
from streams.domain.file_mistakes import wrong
from streams.domain.pressure.hours import Week, next_opening
from streams.domain.pressure.policy_conditions import PolicyCondition
from streams.domain.pressure.policy_values import Amount, Count, Expiry, LocalHours, PolicySection, Span, Window
from streams.domain.pressure.rates import CampaignRates
from streams.domain.pressure.time_zones import zones_of_country

CHANNELS: tuple[Channel, ...] = get_args(Channel)

StopReason = Literal["unsubscribed", "complained", "opted_out", "consent_withdrawn"]
Permission = Literal["allow", "deny"]
_is_currency = re.compile("[A-Z]{3}", re.ASCII).fullmatch
_A_MONDAY = 20_458 * 86_400_000


class Cap(PolicySection):
    """At most so many touches in any `window` that ends now; of one purpose, or of all but transactional ones."""

    window: Window
    at_most: Count
    purpose: Literal["fundraising", "mobilisation", "informational"] | None = None


def _caps(caps: tuple[Cap, ...]) -> tuple[Cap, ...]:
    if all(cap.purpose is not None for cap in caps):
        raise wrong("has no cap for all purposes", 'add one without "purpose": a missing cap is not guessed')
    return caps


CapList = Annotated[tuple[Cap, ...], AfterValidator(_caps)]


class Caps(PolicySection):
    """Caps by channel, and `any`: of all channels together."""

    email: CapList
    text: CapList
    phone: CapList
    door: CapList
    letter: CapList
    any: CapList


class Gaps(PolicySection):
    """The least time between two touches: on one channel, on two channels, by two teams on whatever channels."""

    email: Span
    text: Span
    phone: Span
    door: Span
    letter: Span
    across_channels: Span
    across_teams: Span


def _budget(value: object) -> int:
    least = max(COSTS.values())
    if type(value) is not int or value < least:
        raise wrong(f"is {value!r}", f"give {least} or more, what a visit costs, or leave the section out")
    return value


class Points(PolicySection):
    """The most milli-points that a person may carry, all channels together, the touch that is asked for included."""

    budget: Annotated[int, BeforeValidator(_budget)]


class ChannelHours(PolicySection):
    """When a person may be reached, by the clock where that person is."""

    daily: LocalHours
    monday: LocalHours | None = None
    tuesday: LocalHours | None = None
    wednesday: LocalHours | None = None
    thursday: LocalHours | None = None
    friday: LocalHours | None = None
    saturday: LocalHours | None = None
    sunday: LocalHours | None = None

    @cached_property
    def week(self) -> Week:
        """From Monday on."""
        days = (self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday, self.sunday)
        return tuple(self.daily if day is None else day for day in days)


def _country(code: str) -> str:
    if not zones_of_country(code):
        raise wrong(f"is {code!r}", 'give a country by its two capital letters, such as "US"')
    return code


class QuietHours(PolicySection):
    """When each channel is open. `country`: where people are of whom no zone is known.

    `transactional_email`: whether it keeps to hours.
    """

    country: Annotated[str, AfterValidator(_country)]
    transactional_email: Literal["any_time", "in_hours"]
    email: ChannelHours
    text: ChannelHours
    phone: ChannelHours
    door: ChannelHours
    letter: ChannelHours

    @model_validator(mode="after")
    def _opens(self) -> Self:
        zones = zones_of_country(self.country)
        for channel in CHANNELS:
            hours: ChannelHours = getattr(self, channel)
            if next_opening(zones, hours.week, _A_MONDAY) is None:
                problem = f"{channel} never opens in all time zones of {self.country} at once"
                raise wrong(problem, "give longer hours: of whom no zone is known could never be reached")
        return self


class AlsoCloses(PolicySection):
    """Which other channels are closed to everyone when one is, by why it was closed."""

    unsubscribed: tuple[Channel, ...] = ()
    complained: tuple[Channel, ...] = ()
    opted_out: tuple[Channel, ...] = ()
    consent_withdrawn: tuple[Channel, ...] = ()


class ConsentRules(PolicySection):
    """Which yes is a consent, on the channels that need one.

    `controller`: a yes that names another one is none. `bases`: one of these has to be named. `needs_proof`: where the
    proof is has to be named. `for_purpose`: channels on which only a yes for the very purpose counts.
    """

    controller: str | None = None
    bases: tuple[str, ...] = ()
    needs_proof: bool = False
    for_purpose: tuple[Channel, ...] = ()

    @property
    def takes_any(self) -> bool:
        """Whether each yes is a consent, whatever was said along with it."""
        return self == _ANY_YES


_ANY_YES = ConsentRules()


class Closures(PolicySection):
    """What closes a channel, and for whom."""

    sender_stop: Literal["sender", "everyone"]
    list_stop: Literal["list", "everyone"]
    without_sender: Permission
    without_list: Permission
    soft_bouncing: Literal["allow", "defer", "deny"]
    needs_consent: tuple[Channel, ...] = ()
    also_closes: AlsoCloses = AlsoCloses()
    consent: ConsentRules = ConsentRules()

    @model_validator(mode="after")
    def _needs_what_it_rules(self) -> Self:
        if spare := [channel for channel in self.consent.for_purpose if channel not in self.needs_consent]:
            raise wrong(f"consent.for_purpose has {spare[0]!r}", "name it in closures.needs_consent, too")
        return self

    @model_serializer(mode="wrap")
    def _said(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without rules of consent where each yes counts, as files of before were said: their version stays."""
        said: dict[str, Any] = dump(self)
        if self.consent.takes_any:
            del said["consent"]
        return said


class Elections(PolicySection):
    """Elections that are not over: what a request means that names none."""

    current: tuple[str, ...] = ()


class Mobilisation(PolicySection):
    """Whom nobody may ask to vote."""

    support: tuple[Literal[1, 2, 3, 4, 5], ...]
    ballot: tuple[Literal["requested", "sent", "returned", "cured", "voted"], ...]


def _currencies(limits: dict[str, int]) -> dict[str, int]:
    for currency in limits:
        if not _is_currency(currency):
            raise wrong(f"has {currency!r}", 'give currencies by their three capital letters, such as "USD"')
    return limits


Limits = Annotated[dict[str, Amount], AfterValidator(_currencies)]
"""Minor units by currency."""


class GivingLimits(PolicySection):
    """The most a person may give, by committee and election; `any`: each one not named."""

    limits: dict[str, dict[str, Limits]] = Field(default_factory=dict)

    def limit(self, committee: str, election: str) -> dict[str, int]:
        """By currency; that which names committee and election before that which names one of them."""
        for c, e in ((committee, election), (committee, "any"), ("any", election), ("any", "any")):
            if (found := self.limits.get(c, {}).get(e)) is not None:
                return found
        return {}


class Transactional(PolicySection):
    """Who may send what skips the caps."""

    sources: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()


class UnknownAnswers(PolicySection):
    """What is answered about somebody, or an address, of whom nothing is known.

    `sources`: what such kinds alone have said makes nobody, and no address, known.
    """

    email: Permission
    text: Permission
    phone: Permission
    door: Permission
    letter: Permission
    sources: tuple[ProvenanceKind, ...] = ()

    @model_serializer(mode="wrap")
    def _said(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without sources where there are none, as files of before were said: their version stays."""
        said: dict[str, Any] = dump(self)
        if not self.sources:
            del said["sources"]
        return said


class Expiries(PolicySection):
    """How long an allow holds; never past the end of the channel's hours."""

    email: Expiry
    text: Expiry
    phone: Expiry
    door: Expiry
    letter: Expiry


class Policy(PolicySection):
    """A policy: all sections of the file."""

    caps: Caps
    gaps: Gaps
    points: Points | None = None
    hours: QuietHours
    closures: Closures
    elections: Elections = Elections()
    mobilisation: Mobilisation
    giving: GivingLimits = GivingLimits()
    transactional: Transactional = Transactional()
    unknown: UnknownAnswers
    expiry: Expiries
    rates: CampaignRates = CampaignRates()
    conditions: tuple[PolicyCondition, ...] = ()

    @model_serializer(mode="wrap")
    def _said(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without conditions where there are none, as files of before were said: their version stays."""
        said: dict[str, Any] = dump(self)
        if not self.conditions:
            del said["conditions"]
        return said

    @cached_property
    def version(self) -> str:
        """A hash of what the file says, whatever its order, its comments and how it writes a span: 12 hex digits."""
        said = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return blake2b(said.encode(), digest_size=6).hexdigest()
