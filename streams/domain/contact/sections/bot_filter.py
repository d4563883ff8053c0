"""The discount for bots: how many opens and clicks were a person's, and what stays of it when messages settle.

An act is judged for the last time when it settles. What has settled before may still be evidence for one that has not;
such facts are kept as echoes until that one settles too. Seldom are there any: a message that is opened a day after it
was delivered is one.
"""

from collections.abc import Iterable, Mapping, Sequence

from events.registry import ARRIVALS, ENGAGEMENTS, HUMAN_ANSWERS
from streams.domain.contact.facts.engagement import Deed
from streams.domain.contact.facts.fact_index import FactIndex, index_facts
from streams.domain.contact.sections.messages import Message
from streams.domain.contact.state import DEDUP_WINDOW_MS, Fact, Gift
from streams.domain.human import Act, Answer, Arrival, Judged, Known, judge_all
from streams.domain.human.weights import REACH_MS

_ARRIVALS: Mapping[str, bool] = {name: arrival == "delivered" for name, arrival in ARRIVALS.items()}


def humans(found: FactIndex, echoes: Sequence[Fact]) -> Sequence[Judged]:
    """The deeds that were found, and how likely each of them was a person's."""
    return _judged(found.deeds, [], found, echoes)


def settled_humans(
    live: Sequence[Fact], clock: int, echoes: Sequence[Fact]
) -> tuple[Sequence[Judged], tuple[Fact, ...]]:
    """The same of those that settle at `clock`, and the echoes that those which do not will need.

    `live`: the facts that count, in order.
    """
    if not any(fact.detail.__class__ is Deed for fact in live):
        return (), ()
    found = index_facts(live)
    leaving = [fact for fact in found.deeds if _is_due(fact, clock)]
    staying = [fact for fact in found.deeds if not _is_due(fact, clock)]
    return _judged(leaving, staying, found, echoes), _echoes(found, clock, echoes, staying)


def all_echoes(one: tuple[Fact, ...], other: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """Those of both, sorted."""
    return tuple(sorted({*one, *other}, key=lambda fact: (fact.stamp, fact.appended_at))) if other else one


def _is_due(fact: Fact, clock: int) -> bool:
    return fact.appended_at + DEDUP_WINDOW_MS < clock


def _judged(
    counted: Sequence[Fact], beside: Sequence[Fact], found: FactIndex, echoes: Sequence[Fact]
) -> Sequence[Judged]:
    if not counted:
        return ()
    acts = acts_of(counted)
    return judge_all(
        Known(
            acts=acts,
            arrivals=_arrivals([*found.counted, *echoes] if echoes else found.counted, acts),
            answers=_answers(found.counted, acts),
            beside=acts_of([*beside, *echoes]),
        )
    )


def acts_of(facts: Iterable[Fact]) -> list[Act]:
    """Opens and clicks as they are judged."""
    return [
        Act(ENGAGEMENTS[fact.type], said.message_id, fact.time, fact.appended_at, said.machine, said.agent, said.link)
        for fact in facts
        if isinstance(said := fact.detail, Deed)
    ]


def _arrivals(facts: Iterable[Fact], acts: Iterable[Act]) -> list[Arrival]:
    names = {act.message_id for act in acts}
    return [
        Arrival(said.message_id, fact.time, fact.appended_at, _ARRIVALS[fact.type])
        for fact in facts
        if fact.type in _ARRIVALS and isinstance(said := fact.detail, Message) and said.message_id in names
    ]


def is_answer(fact: Fact) -> bool:
    """Whether only a person does that. Whoever promised to give every month does nothing when the second gift comes."""
    return fact.type in HUMAN_ANSWERS and not (isinstance(fact.detail, Gift) and fact.detail.automatic)


def _answers(facts: Iterable[Fact], acts: Iterable[Act]) -> list[Answer]:
    found = [fact for fact in facts if fact.type in HUMAN_ANSWERS and is_answer(fact)]
    if not found:  # so it is with most
        return []
    since = min(act.time for act in acts)
    return [Answer(HUMAN_ANSWERS[fact.type], fact.time, fact.appended_at) for fact in found if fact.time >= since]


def _echoes(found: FactIndex, clock: int, echoes: Sequence[Fact], staying: Sequence[Fact]) -> tuple[Fact, ...]:
    waiting: dict[str, list[Fact]] = {}
    for act in staying:
        if isinstance(act.detail, Deed):
            waiting.setdefault(act.detail.message_id, []).append(act)
    if not waiting:
        return ()
    sent = [fact for fact in found.counted if fact.type in _ARRIVALS]
    clicked = [fact for fact in found.deeds if fact.type == "email.clicked"]
    new = [_echo(fact) for fact in (*sent, *clicked) if _is_due(fact, clock)]
    return all_echoes((), tuple(fact for fact in (*echoes, *new) if _is_needed(fact, waiting)))


def _echo(fact: Fact) -> Fact:
    said = Message(fact.detail.message_id) if isinstance(fact.detail, Message) else fact.detail
    return Fact(fact.type, fact.time, fact.source, fact.id, fact.appended_at, None, said)


def _is_needed(fact: Fact, waiting: Mapping[str, list[Fact]]) -> bool:
    """Whether it may still count for an act that is to be judged again."""
    if not isinstance(fact.detail, Message | Deed):
        return False
    return any(
        fact.appended_at >= act.appended_at - DEDUP_WINDOW_MS
        and (fact.type in _ARRIVALS or fact.time >= act.time - REACH_MS)
        for act in waiting.get(fact.detail.message_id, ())
    )
