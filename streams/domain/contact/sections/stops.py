"""What a person has closed: a channel for everybody, one list, one sender, or all there is; and by which word.

Doubt is a no: of equal times the refusal binds, and a complaint is never lifted.
"""

from collections.abc import Collection, Iterable, Sequence

from events.interactions.anywhere import ConsentChannel
from events.outputs import Stop, Stops
from events.registry import SPECS
from events.times import parse_time, render_time
from streams.domain.contact.facts.command_details import LIFTED, Suppress
from streams.domain.contact.facts.fact_index import FactIndex
from streams.domain.contact.identity.identity_status import ChannelClosure, Reason
from streams.domain.contact.sections.consent import CHANNELS
from streams.domain.contact.state import NEVER, CanvassReport, Consent, Fact

FOR_GOOD: tuple[Reason, ...] = ("deceased", "do_not_contact")
"""Outcomes of a canvass report that close everything, the graver one first."""

_REASONS: dict[str, Reason] = {spec.name: spec.stop_reason for spec in SPECS if spec.stop_reason}

Said = Sequence[tuple[Fact, Consent]]


def stops(found: FactIndex, suppressions: Collection[Fact]) -> Stops:
    """The profile's `stops`. `suppressions`: the commands that count."""
    stopped: Stops = {"senders": {}, "lists": {}}
    if found.consents:
        for closed in closed_channels(found.consents):
            stopped[closed.channel] = _render(closed)
        stopped["lists"] = _each([(said.list_id, (fact, said)) for fact, said in found.consents])
        stopped["senders"] = _each([(said.sender, (fact, said)) for fact, said in found.consents])
    if found.reports or suppressions:
        everything = closed_for_all(found.reports, suppressions)
        if everything is not None:
            stopped["all"] = _render(everything)
    return stopped


def closed_channels(consents: Said) -> list[ChannelClosure]:
    """The channels that are closed to everyone by what was said of them. `consents` are in order."""
    of_channels = [said for said in consents if said[1].is_of_channel]
    if all(said.granted for _, said in of_channels):
        return []
    found = []
    for channel in CHANNELS:
        closed = _closed([said for said in of_channels if said[1].channel in (channel, "all")], channel)
        if closed is not None:
            found.append(closed)
    return found


def closed_for_all(
    reports: Iterable[tuple[Fact, CanvassReport]], suppressions: Iterable[Fact]
) -> ChannelClosure | None:
    """Why nobody is to approach this person at all. `reports` are in order, one version of each."""
    latest: dict[str, Fact] = {report.outcome: fact for fact, report in reports if report.outcome in FOR_GOOD}
    for reason in FOR_GOOD if latest else ():
        if reason in latest:
            return _by(latest[reason], reason)
    return _suppressed(suppressions)


def _suppressed(said: Iterable[Fact]) -> ChannelClosure | None:
    """By the latest of those that end no earlier than they begin; one that ends as it begins lifts what came before.

    An end before the beginning is somebody's mistake, and a mistake opens nobody.
    """
    counting = [fact for fact in said if _end(fact) >= fact.time]
    last = max(counting, key=lambda fact: fact.stamp, default=None)
    if last is None or not isinstance(last.detail, Suppress) or _end(last) == last.time:
        return None
    return _by(last, "suppressed", until=last.detail.until)


def _end(suppression: Fact) -> int:
    """In ms; what has no end, or one that cannot be read, never ends."""
    until = suppression.detail.until if isinstance(suppression.detail, Suppress) else None
    if until == LIFTED:
        return suppression.time
    end = None if until is None else parse_time(until)
    return NEVER if end is None else end


def _closed(said: Said, channel: ConsentChannel = "all") -> ChannelClosure | None:
    """By a complaint, else by the latest no unless a yes is later. `said` is all that speaks of one thing, in order."""
    refusal: Fact | None = None
    complaint: Fact | None = None
    granted: Fact | None = None
    for fact, word in said:
        if word.granted:
            granted = fact
            continue
        refusal = fact
        if fact.type == "email.complained":
            complaint = fact
    binding = complaint or refusal
    if binding is None or (complaint is None and granted is not None and granted.time > binding.time):
        return None
    return _by(binding, _REASONS[binding.type], channel)


def _each(named: Iterable[tuple[str | None, tuple[Fact, Consent]]]) -> dict[str, Stop]:
    """By list or by sender, those that are closed."""
    by_name: dict[str, list[tuple[Fact, Consent]]] = {}
    for name, said in named:
        if name is not None:
            by_name.setdefault(name, []).append(said)
    return {name: _render(closed) for name, said in by_name.items() if (closed := _closed(said)) is not None}


def _by(fact: Fact, reason: Reason, channel: ConsentChannel = "all", until: str | None = None) -> ChannelClosure:
    return ChannelClosure(reason, fact.time, fact.source, fact.id, until, channel)


def _render(closed: ChannelClosure) -> Stop:
    stop: Stop = {
        "reason": closed.reason,
        "at": render_time(closed.since),
        "source": closed.source,
        "id": closed.id,
    }
    if closed.until is not None:
        stop["until"] = closed.until
    return stop
