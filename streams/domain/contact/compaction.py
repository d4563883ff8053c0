"""Messages are added up once no copy and no retraction of them may count any more.

The clock for that is the append time of what this contact received, never a wall clock, so that a replay settles the
same messages at the same points. Settling changes what is kept, never what the profile says.
"""

from collections.abc import Collection, Iterable, Sequence

from msgspec import msgpack
from msgspec.structs import replace

from events.registry import MESSAGES
from streams.domain.contact.facts.engagement import Deed
from streams.domain.contact.facts.fact_index import touch_of
from streams.domain.contact.facts.identifier_table import Table
from streams.domain.contact.facts.retractions import live
from streams.domain.contact.sections.addresses import mailboxes
from streams.domain.contact.sections.bot_filter import all_echoes, settled_humans
from streams.domain.contact.sections.exposures import TOO_LATE, Drop, MessageVariant, all_arms, all_drops, closed
from streams.domain.contact.sections.human_hours import added, both_hours, oldest
from streams.domain.contact.sections.messages import KILLS, SHOWS, Mailing, Message, all_mailboxes, all_mailings
from streams.domain.contact.sections.totals import add, total
from streams.domain.contact.sections.zones import later, whereabouts
from streams.domain.contact.state import DEDUP_WINDOW_MS, NEVER, ContactState, Fact, Settled
from streams.domain.contact.touch_horizon import pushed_by_messages, pushed_by_reports
from streams.domain.human import expected

_encode = msgpack.Encoder().encode


def due_at(fact: Fact) -> int:
    """The clock at which `fact` settles: `NEVER`, unless it is a message."""
    return fact.appended_at + DEDUP_WINDOW_MS + 1 if fact.type in MESSAGES else NEVER


def settle(facts: Collection[Fact], clock: int, carried: Table, before: Settled) -> tuple[list[Fact], Settled]:
    """The facts to give up at `clock`, and `before` with what is left of those of them that count.

    `facts` are in order. What is left of messages before the horizon is given up too.
    """
    leaving = _due(facts, clock)
    counting = live(facts)
    counted = leaving if len(counting) == len(facts) else _due(counting, clock)
    after = both(before, _left_of(counted, carried))
    acts, echoes = settled_humans(counting, clock, before.echoes)
    opens, clicks = expected(acts)
    horizon = max(before.horizon, pushed_by_messages(counting, before, clock), pushed_by_reports(facts, clock))
    mailings = tuple(mailing for mailing in after.mailings if mailing.time >= horizon)
    arms, drops = closed(after.arms, after.drops, clock - TOO_LATE - DEDUP_WINDOW_MS)
    opened = [(act.time, milli) for act, milli in acts if act.kind == "open"]
    clicked = [(act.time, milli) for act, milli in acts if act.kind == "click"]
    return leaving, replace(
        after,
        mailings=mailings,
        horizon=horizon,
        opens_human=before.opens_human + opens,
        clicks_human=before.clicks_human + clicks,
        echoes=echoes,
        arms=arms,
        drops=drops,
        opens_by_hour=added(before.opens_by_hour, opened, oldest(clock)),
        clicks_by_hour=added(before.clicks_by_hour, clicked, oldest(clock)),
    )


def due_of(facts: Iterable[Fact]) -> int:
    """The first moment at which one of these settles."""
    first = min([fact.appended_at for fact in facts if fact.type in MESSAGES], default=None)
    return NEVER if first is None else first + DEDUP_WINDOW_MS + 1


def not_due(facts: Iterable[Fact], clock: int) -> Iterable[Fact]:
    """Those that do not settle at `clock`."""
    appended = clock - DEDUP_WINDOW_MS
    return (fact for fact in facts if fact.appended_at >= appended)


def messages_due(facts: Iterable[Fact], since: int, clock: int) -> set[str]:
    """The messages of those that settle at `clock` and did not at `since`."""
    first, last = since - DEDUP_WINDOW_MS, clock - DEDUP_WINDOW_MS
    return {message_of(fact) for fact in facts if first <= fact.appended_at < last and fact.type in MESSAGES}


def known_messages(settled: Settled) -> set[str]:
    """The messages of which something has settled that may still meet what is said of them."""
    of_mail = (each.message_id for each in settled.mailings)
    of_arms = (each.message_id for each in settled.arms)
    return {*of_mail, *of_arms, *(message for message, _ in settled.drops)}


def message_of(fact: Fact) -> str:
    """The id of the message that a fact is a word of. Raises TypeError for any other."""
    if not isinstance(fact.detail, Message | Deed):
        raise TypeError(fact.type)
    return fact.detail.message_id


def _due(facts: Iterable[Fact], clock: int) -> list[Fact]:
    appended = clock - DEDUP_WINDOW_MS  # as `due_at` has it
    return [fact for fact in facts if fact.appended_at < appended and fact.type in MESSAGES]


def _left_of(counted: Sequence[Fact], carried: Table) -> Settled:
    """Of the arms all: which of them are needed is told by all drops."""
    messages = [(fact, fact.detail) for fact in counted if isinstance(fact.detail, Message)]
    return Settled(
        totals=total(counted),
        whereabouts=whereabouts(counted),
        carried=tuple(sorted(carried.named_by(counted))),
        mailings=all_mailings(_mailing(*each) for each in messages if each[0].type in SHOWS or each[0].type in KILLS),
        mailboxes=mailboxes(messages, carried.table),
        arms=tuple(_armed(fact) for fact in counted if fact.arm is not None),
        drops=all_drops(_drop(*each) for each in messages if each[0].type == "email.dropped"),
    )


def _armed(fact: Fact) -> MessageVariant:
    """Nobody says of a text that it was dropped, so its arm stands."""
    said = fact.detail
    if fact.arm is None or not isinstance(said, Message | Deed):
        raise TypeError(fact.type)
    if not fact.type.startswith("email."):
        return MessageVariant(*fact.stamp, fact.arm)
    return MessageVariant(*fact.stamp, fact.arm, said.message_id, fact.appended_at)


def _drop(fact: Fact, message: Message) -> Drop:
    return message.message_id, fact.appended_at


def _mailing(fact: Fact, message: Message) -> Mailing:
    if fact.type in SHOWS:
        return Mailing(SHOWS[fact.type], message.message_id, touch=touch_of(SHOWS[fact.type], fact, message))
    return Mailing(KILLS[fact.type], message.message_id, killed=fact.time)


def ripe(state: ContactState) -> ContactState:
    """The state without messages that are due, as they are where two states were merged."""
    if state.clock < state.due:
        return state
    leaving, settled = settle(state.facts.values(), state.clock, Table(state.carried), state.settled)
    if not leaving:
        return state
    facts = {**state.facts}
    for fact in leaving:
        del facts[fact.key]
    return replace(state, facts=facts, settled=settled)


def both(one: Settled, other: Settled) -> Settled:
    """What is left of the messages of both."""
    carried = one.carried
    if other.carried and other.carried != carried:
        carried = tuple(sorted({*one.carried, *other.carried}))
    drops = all_drops(one.drops, other.drops) if other.drops else one.drops
    return Settled(
        totals=add(one.totals, other.totals),
        whereabouts=later(one.whereabouts, other.whereabouts),
        carried=carried,
        mailings=all_mailings(one.mailings, other.mailings) if other.mailings else one.mailings,
        mailboxes=all_mailboxes(one.mailboxes, other.mailboxes) if other.mailboxes else one.mailboxes,
        horizon=max(one.horizon, other.horizon),
        opens_human=one.opens_human + other.opens_human,
        clicks_human=one.clicks_human + other.clicks_human,
        echoes=all_echoes(one.echoes, other.echoes),
        arms=all_arms((*one.arms, *other.arms), drops) if other.arms or other.drops else one.arms,
        drops=drops,
        opens_by_hour=both_hours(one.opens_by_hour, other.opens_by_hour),
        clicks_by_hour=both_hours(one.clicks_by_hour, other.clicks_by_hour),
    )


def size_of_mail(settled: Settled) -> int:
    """The bytes that what is left of messages takes in an encoded state."""
    mail = settled.mailings, settled.mailboxes, settled.echoes
    given = settled.arms, settled.drops, settled.opens_by_hour, settled.clicks_by_hour
    return sum(len(_encode(kept)) for kept in (*mail, *given) if kept)
