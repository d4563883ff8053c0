"""Who is in a segment: plain recursion over its conditions, each a plain loop over what is known of the person.

This is what segments mean. `matching_plan` gives the same answers faster, and a law holds it to that.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct

from events.harmonised import team_of
from streams.domain.contact.facts.event_order import Stamp
from streams.domain.contact.profile import profile_of
from streams.domain.pressure.asking import Evidence
from streams.domain.pressure.closures import ChannelRules, channel_denial
from streams.domain.segments.condition_values import LONGEST_ACTS, THOUSANDTHS, ms
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
from streams.domain.segments.person import Person, hour_of
from streams.domain.segments.resolution import Segment


class Finding(Struct, frozen=True):
    """What was found about one condition. `value`: the number or word; None: nothing is known.

    `evidence`: interactions that make it so, the latest first; of opens and clicks, which are added up, none.
    """

    answer: bool
    value: int | float | str | None = None
    evidence: tuple[Evidence, ...] = ()


def matches(segment: Segment, person: Person, at: int) -> bool:
    """Whether a person is in a segment at a time (ms), which is not before the clock of the person's state."""
    return holds(segment.conditions, person, at, segment.rules)


def holds(node: Node, person: Person, at: int, rules: ChannelRules) -> bool:
    """Whether conditions hold of a person."""
    if isinstance(node, Condition):
        return finding(node, person, at, rules).answer
    return (
        all(holds(part, person, at, rules) for part in node.all)
        and (not node.any or any(holds(part, person, at, rules) for part in node.any))
        and not any(holds(part, person, at, rules) for part in node.none)
    )


def finding(condition: Condition, person: Person, at: int, rules: ChannelRules) -> Finding:
    """What is known of a person about one condition, and whether it holds."""
    if isinstance(condition, ChannelState):
        return _channel(condition, person, at, rules)
    return _FINDINGS[type(condition)](condition, person, at)


class _Item(NamedTuple):
    """A number with the interaction that says it."""

    number: int
    stamp: Stamp


def _since(within: str | None, at: int) -> int | None:
    window = ms(within)
    return None if window is None else at - window


def _compared(condition: Compared, items: Iterable[_Item]) -> Finding:
    counted = list(items)
    number = sum(item.number for item in counted)
    latest = sorted((item.stamp for item in counted), reverse=True)
    return Finding(_lets_in(condition, number), number, tuple(Evidence(source, id_) for _, source, id_ in latest))


def _lets_in(condition: Compared, number: int) -> bool:
    low, high = condition.bounds
    return (low is None or number >= low) and (high is None or number <= high)


def _gifts(condition: Gifts, person: Person, at: int) -> Finding:
    since = _since(condition.within, at)
    items = _money(condition, person) if condition.gifts == "net" else _given(condition, person)
    return _compared(condition, (item for time, item in items if since is None or time > since))


def _given(condition: Gifts, person: Person) -> Iterator[tuple[int, _Item]]:
    for fact, gift in person.found.gifts.values():
        if condition.money in (None, gift.currency) and condition.committee in (None, gift.committee):
            yield fact.time, _Item(1 if condition.gifts == "count" else gift.amount, fact.stamp)


def _money(condition: Gifts, person: Person) -> Iterator[tuple[int, _Item]]:
    """Gifts and refunds, each with the time at which it counts."""
    yield from _given(condition, person)
    for fact, refund in person.found.refunds.values():
        of = person.found.gifts.get(refund.donation_id or "")
        committee = refund.committee or (None if of is None else of[1].committee)
        if condition.money == refund.currency and condition.committee in (None, committee):
            yield (fact if of is None else of[0]).time, _Item(-refund.amount, fact.stamp)


def _canvass(condition: Canvass, person: Person, at: int) -> Finding:
    since = _since(condition.within, at)
    counted = [
        _Item(1, fact.stamp)
        for fact, report in person.found.reports
        if (since is None or fact.time > since)
        and condition.method in (None, report.method)
        and (condition.canvass == "attempts" or report.outcome == "contacted")
    ]
    return _compared(condition, counted)


def _touches(condition: Touches, person: Person, at: int) -> Finding:
    since = at - condition.window
    counted = [
        _Item(1, (touch.time, touch.source, touch.id))
        for touch in person.known.touches
        if touch.time > since
        and condition.channel in (None, touch.channel)
        and condition.purpose in (None, touch.purpose)
        and condition.team in (None, touch.team or team_of(touch.source))
    ]
    return _compared(condition, counted)


def _acts(condition: Acts, person: Person, at: int) -> Finding:
    since, kind = _since(condition.within, at), condition.kind
    if condition.who == "human":
        if since is None:
            number = person.human_total(kind)
        else:
            number = sum(milli for hour, milli in person.hours(kind) if hour > since)
    elif since is None:
        number = person.raw_total(kind) * THOUSANDTHS
    else:
        number = sum(THOUSANDTHS for hour in person.raw_times(kind) if hour > since)
    return Finding(_lets_in(condition, number), number / THOUSANDTHS)


def _unanswered(condition: UnansweredMails, person: Person, at: int) -> Finding:
    mails = [
        mail for mail in person.unanswered_mails(condition.unanswered_mails) if hour_of(mail.time) > at - LONGEST_ACTS
    ]
    evidence = tuple(Evidence(mail.source, mail.id) for mail in mails)
    return Finding(len(mails) == condition.unanswered_mails, len(mails), evidence)


def _support(condition: Support, person: Person, at: int) -> Finding:
    for fact, report in reversed(person.found.reports):
        if report.support is not None:
            return Finding(report.support in condition.support, report.support, (Evidence(fact.source, fact.id),))
    return Finding(answer=False)


def _tag(condition: Tag, person: Person, at: int) -> Finding:
    """Of several reports the last that names the tag; one that both adds and removes it removes it."""
    for fact, report in reversed(person.found.reports):
        if condition.tag in report.tags_removed or condition.tag in report.tags_added:
            is_on = condition.tag not in report.tags_removed
            return Finding(is_on, condition.tag if is_on else None, (Evidence(fact.source, fact.id),))
    return Finding(answer=False)


def _channel(condition: ChannelState, person: Person, at: int, rules: ChannelRules) -> Finding:
    no = channel_denial(profile_of(person.contact_id, person.known), rules, condition.channel, at)
    state = "open" if no is None else "closed"
    return Finding(state == condition.is_, state if no is None else no.reason, () if no is None else no.evidence)


def _consent(condition: Consented, person: Person, at: int) -> Finding:
    word = person.consents.get(condition.consent)
    told = [
        Evidence(fact.source, fact.id)
        for fact, said in person.found.consents
        if said.channel in (condition.consent, "all") and said.is_of_channel
    ]
    value = None if word is None else "yes" if word else "no"
    return Finding(word is condition.is_, value, tuple(reversed(told)))


def _region(condition: Region, person: Person, at: int) -> Finding:
    said = person.where.region
    if said is None:
        return Finding(answer=False)
    return Finding(said.value == condition.region, said.value, (Evidence(said.source, said.id),))


def _postal_code(condition: PostalCode, person: Person, at: int) -> Finding:
    said = person.where.postal_code
    if said is None:
        return Finding(answer=False)
    return Finding(said.value.startswith(condition.postal_code), said.value, (Evidence(said.source, said.id),))


def _roll(condition: RollWord, person: Person, at: int) -> Finding:
    said = person.roll.get(condition.head)
    if said is None:
        return Finding(answer=False)
    word, fact = said
    return Finding(word == condition.word, word, (Evidence(fact.source, fact.id),))


def _ballot(condition: BallotStatusOf, person: Person, at: int) -> Finding:
    for fact, said in reversed(person.found.ballots):
        if said.election == condition.ballot:
            return Finding(said.status in condition.status, said.status, (Evidence(fact.source, fact.id),))
    return Finding(answer=False)


def _experiment(condition: InExperiment, person: Person, at: int) -> Finding:
    for each in person.known.assigned:
        if each.arm.experiment == condition.experiment:
            is_in = condition.variant in (None, each.arm.variant)
            return Finding(is_in, each.arm.variant, (Evidence(each.source, each.id),))
    return Finding(answer=False)


def _seen(condition: Seen, person: Person, at: int) -> Finding:
    time = person.first_seen if condition.seen == "first" else person.last_seen
    return Finding(time is not None and time > at - condition.window, time)


_FINDINGS: Mapping[type[Condition], Callable[..., Finding]] = {
    Gifts: _gifts,
    Canvass: _canvass,
    Touches: _touches,
    Opens: _acts,
    Clicks: _acts,
    UnansweredMails: _unanswered,
    Support: _support,
    Tag: _tag,
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
