"""Why somebody is in a segment or is not: each condition in words, its answer, and what was found."""

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from streams.domain.messages import CodedMessage, Duration, Field, Instant, Listed, Money, message
from streams.domain.pressure.closures import ChannelRules
from streams.domain.segments.condition_values import ms
from streams.domain.segments.conditions import (
    Acts,
    AgeBandOf,
    BallotStatusOf,
    Canvass,
    ChannelState,
    Clicks,
    Compared,
    Condition,
    Consented,
    Gifts,
    InExperiment,
    Node,
    Opens,
    PollingStation,
    PostalCode,
    Region,
    RollWord,
    Seen,
    SexOf,
    Support,
    Tag,
    Touches,
    UnansweredMails,
)
from streams.domain.segments.matching import Finding, finding, holds
from streams.domain.segments.person import Person
from streams.domain.segments.resolution import Segment

MOST_EVIDENCE = 5
"""Interactions that are named for one condition."""


class Explanation(Struct, frozen=True):
    """A condition or a group of them. `told`: what it says; `found`: of a condition; `parts`: of a group.

    `is_wanted`: false for what is among `none`, of which a true answer speaks against membership. `head`: the first
    word of a condition, empty of a group; `committee`: of which alone it asks.
    """

    told: CodedMessage
    answer: bool
    found: CodedMessage | None = None
    parts: tuple["Explanation", ...] = ()
    is_wanted: bool = True
    head: str = ""
    committee: str | None = None


def explain(segment: Segment, person: Person, at: int) -> Explanation:
    """Every condition of a segment with its answer about a person at a time (ms)."""
    return _explained(segment.conditions, person, at, segment.rules)


def _explained(node: Node, person: Person, at: int, rules: ChannelRules) -> Explanation:
    if isinstance(node, Condition):
        found = finding(node, person, at, rules)
        committee = node.committee if isinstance(node, Gifts) else None
        told, known = condition_message(node), found_message(node, found)
        return Explanation(told, found.answer, known, head=node.head, committee=committee)
    parts = [_explained(part, person, at, rules) for part in node.all]
    if node.any:
        some = tuple(_explained(part, person, at, rules) for part in node.any)
        parts.append(Explanation(message("segment.any"), any(part.answer for part in some), parts=some))
    if node.none:
        against = tuple(replace(_explained(part, person, at, rules), is_wanted=False) for part in node.none)
        parts.append(Explanation(message("segment.none"), not any(part.answer for part in against), parts=against))
    if len(parts) == 1 and not node.all:
        return parts[0]
    return Explanation(message("segment.all"), holds(node, person, at, rules), parts=tuple(parts))


def condition_message(condition: Condition) -> CodedMessage:
    """A condition in words."""
    parts = _WORDS[type(condition)](condition)
    if isinstance(condition, Compared):
        parts = (*parts, *_compared(condition))
    return parts[0] if len(parts) == 1 else message("segment.condition", parts=Listed(parts))


def found_message(condition: Condition, found: Finding) -> CodedMessage:
    """Facts found about a condition, with the interactions that say so."""
    if isinstance(condition, ChannelState) and found.value == "open":
        return message("segment.found_open")
    if found.value is None:
        return message("segment.found_nothing")
    value = _found_value(condition, found.value)
    if not found.evidence:
        return message("segment.found", value=value)
    named = tuple(message("evidence.interaction", source=each.source, id=each.id) for each in found.evidence)
    shown = Listed(named[:MOST_EVIDENCE], max(0, len(named) - MOST_EVIDENCE))
    return message("segment.found_by", value=value, interactions=shown)


def _found_value(condition: Condition, value: float | str) -> Field:
    if isinstance(condition, ChannelState):
        return message(f"why.{value}")
    if isinstance(condition, Seen) and isinstance(value, int):
        return Instant(value)
    if isinstance(value, float):
        return _plain(value)
    return _amount(condition, value) if isinstance(condition, Gifts) and isinstance(value, int) else value


def _amount(condition: Condition, value: int) -> Field:
    if isinstance(condition, Gifts) and condition.gifts != "count":
        return Money(value, condition.money)
    if isinstance(condition, Acts):
        return _plain(value / condition.scale)
    return value


def _plain(value: float) -> float:
    """The same number, without `.0` where it is whole."""
    return int(value) if value.is_integer() else value


def _compared(condition: Compared) -> Iterator[CodedMessage]:
    low, high = condition.bounds
    if low is not None and low == high:
        yield message("segment.exactly", number=_amount(condition, low))
    elif low is not None and high is not None:
        yield message("segment.between", low=_amount(condition, low), high=_amount(condition, high))
    elif low is not None:
        yield message("segment.at_least", number=_amount(condition, low))
    elif high is not None:
        yield message("segment.at_most", number=_amount(condition, high))


Parts = tuple[CodedMessage, ...]


def _within(window: str | None) -> Parts:
    span = ms(window)
    return () if span is None else (message("segment.within", span=Duration(span / 1_000)),)


def _scope(code: str, place: str, value: Field | None) -> Parts:
    return () if value is None else (message(code, **{place: value}),)


def _gifts(gifts: Gifts) -> Parts:
    return (
        message(f"segment.gifts_{gifts.gifts}"),
        *_scope("segment.in_currency", "currency", gifts.money),
        *_scope("segment.to_committee", "committee", gifts.committee),
        *_within(gifts.within),
    )


def _canvass(canvass: Canvass) -> Parts:
    what = message(f"segment.canvass_{canvass.canvass}")
    return what, *_scope("segment.by_method", "method", canvass.method), *_within(canvass.within)


def _touches(touches: Touches) -> Parts:
    channel = None if touches.channel is None else message(f"channel.{touches.channel}")
    purpose = None if touches.purpose is None else message(f"purpose.{touches.purpose}")
    return (
        message("segment.touches_count"),
        *_scope("segment.on_channel", "channel", channel),
        *_scope("segment.for_purpose", "purpose", purpose),
        *_scope("segment.by_team", "team", touches.team),
        *_within(touches.within),
    )


def _acts(acts: Acts) -> Parts:
    return message(f"segment.{acts.head}_{acts.who}"), *_within(acts.within)


def _unanswered(mails: UnansweredMails) -> Parts:
    return (message("segment.unanswered_mails", n=mails.unanswered_mails),)


def _support(support: Support) -> Parts:
    return (message("segment.support", values=Listed(support.support)),)


def _tag(tag: Tag) -> Parts:
    return (message("segment.tag", tag=tag.tag),)


def _channel(channel: ChannelState) -> Parts:
    return (message(f"segment.channel_{channel.is_}", channel=message(f"channel.{channel.channel}")),)


def _consent(consent: Consented) -> Parts:
    code = "segment.consent_yes" if consent.is_ else "segment.consent_no"
    return (message(code, channel=message(f"channel.{consent.consent}")),)


def _region(region: Region) -> Parts:
    return (message("segment.region", region=region.region),)


def _postal_code(code: PostalCode) -> Parts:
    return (message("segment.postal_code", prefix=code.postal_code),)


def _roll(said: RollWord) -> Parts:
    return (message(f"segment.{said.head}", word=said.word),)


def _ballot(ballot: BallotStatusOf) -> Parts:
    return (message("segment.ballot", election=ballot.ballot, values=Listed(ballot.status)),)


def _experiment(experiment: InExperiment) -> Parts:
    if experiment.variant is None:
        return (message("segment.experiment", experiment=experiment.experiment),)
    return (message("segment.experiment_variant", experiment=experiment.experiment, variant=experiment.variant),)


def _seen(seen: Seen) -> Parts:
    return message(f"segment.seen_{seen.seen}"), *_within(seen.within)


_WORDS: Mapping[type[Condition], Callable[..., Parts]] = {
    Gifts: _gifts,
    Canvass: _canvass,
    Touches: _touches,
    Opens: _acts,
    Clicks: _acts,
    UnansweredMails: _unanswered,
    Support: _support,
    Tag: _tag,
    ChannelState: _channel,
    Consented: _consent,
    Region: _region,
    PostalCode: _postal_code,
    AgeBandOf: _roll,
    SexOf: _roll,
    PollingStation: _roll,
    BallotStatusOf: _ballot,
    InExperiment: _experiment,
    Seen: _seen,
}
