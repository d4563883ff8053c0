"""Channels that are closed to everyone, which other topics are told of. One word of any fragment binds the person."""

from collections.abc import Collection, Iterable
from typing import get_args

from events.interactions.base import Channel
from events.outputs import Suppression, Suppressions
from events.times import render_time
from streams.domain.contact.facts.command_details import Suppress
from streams.domain.contact.facts.fact_index import index_facts
from streams.domain.contact.facts.retractions import is_retracted, live, retractions
from streams.domain.contact.identity.identity_status import ChannelClosure, Erasure
from streams.domain.contact.sections.stops import FOR_GOOD, closed_channels, closed_for_all
from streams.domain.contact.state import CanvassReport, Consent, ContactState, Fact, Retraction

_CHANNELS: tuple[Channel, ...] = get_args(Channel)
_SAYS = frozenset({Consent, CanvassReport, Retraction})


def closed_channels_of(person: Collection[ContactState]) -> tuple[ChannelClosure, ...]:
    """What is closed, sorted by channel; `all` for those that are not closed by a word of their own.

    `person`: the states of all its fragments.
    """
    facts = {fact.key: fact for state in person for fact in state.facts.values() if fact.detail.__class__ in _SAYS}
    said = suppressions(fact for state in person for fact in state.commands.values())
    if not said and not any(map(may_close, facts.values())):
        return ()
    found = index_facts(live(sorted(facts.values(), key=lambda fact: fact.stamp)))
    everything = closed_for_all(found.reports, unretracted(said, facts.values()))
    if everything is not None and everything.reason in FOR_GOOD:
        return (everything,)
    closed = closed_channels(found.consents)
    if everything is not None:
        closed.append(everything)
    return tuple(sorted(closed, key=lambda each: each.channel))


def may_close(fact: Fact) -> bool:
    """Whether a fact may close a channel, or open one."""
    match fact.detail:
        case Consent() | Retraction():
            return True
        case CanvassReport(outcome=outcome):
            return outcome in FOR_GOOD
        case _:
            return False


def suppressions(commands: Iterable[Fact]) -> list[Fact]:
    """Those of `commands` that close something."""
    return [fact for fact in commands if isinstance(fact.detail, Suppress)]


def unretracted(commands: Collection[Fact], facts: Iterable[Fact]) -> list[Fact]:
    """Those that none of `facts` takes back."""
    if not commands:
        return []
    gone = retractions(facts)
    return [fact for fact in commands if not is_retracted(fact, gone)]


def closed_by(erasure: Erasure) -> ChannelClosure:
    """An erased person is left alone until a new record begins."""
    return ChannelClosure("erased", erasure.time, erasure.source, erasure.id)


def render(closed: Collection[ChannelClosure]) -> Suppressions:
    """The value of `contact-suppressions`: every channel that is closed."""
    reasons = {each.channel: _why(each) for each in closed}
    everything = reasons.get("all")
    return {channel: why for channel in _CHANNELS if (why := reasons.get(channel, everything)) is not None}


def _why(closed: ChannelClosure) -> Suppression:
    why: Suppression = {
        "reason": closed.reason,
        "since": render_time(closed.since),
        "source": closed.source,
        "id": closed.id,
    }
    if closed.until is not None:
        why["until"] = closed.until
    return why
