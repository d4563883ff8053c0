"""What is known when an act is judged, in plain data. Times are ms since the epoch, UTC.

`received_at` is when a fact was appended, by the broker's clock: it decides what may still count, `time` what it means.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from streams.human.agents import Agent

Kind = Literal["open", "click"]
AnswerKind = Literal["gift", "form", "reply"]

WEEK = 7 * 24 * 3_600_000
"""How long after an act was received evidence may still revise it, in ms."""


class Act(Struct, frozen=True, gc=False):
    """An open or a click of one message. `link`: whatever tells one URL from another, None for an unknown one."""

    kind: Kind
    message_id: str
    time: int
    received_at: int
    machine: bool | None = None
    agent: Agent = Agent.ABSENT
    link: int | None = None


class Arrival(Struct, frozen=True, gc=False):
    """A message was taken by the receiver's server, or (`delivered` False) only handed over to be sent."""

    message_id: str
    time: int
    received_at: int
    delivered: bool


class Answer(Struct, frozen=True, gc=False):
    """Something that only a person does: a gift, a form, a reply."""

    kind: AnswerKind
    time: int
    received_at: int


class Known(Struct, frozen=True, gc=False):
    """What is known of one person, in any order, with or without repeats."""

    acts: Sequence[Act] = ()
    arrivals: Sequence[Arrival] = ()
    answers: Sequence[Answer] = ()

    def about(self, act: Act) -> "Known":
        """What may count for `act`.

        Of its message what was received within a week of it, before or after; of answers what was received until a week
        after it.
        """
        return Known(
            acts=[one for one in self.acts if one.message_id == act.message_id and _is_near(one, act)],
            arrivals=[one for one in self.arrivals if one.message_id == act.message_id and _is_near(one, act)],
            answers=[one for one in self.answers if one.received_at <= act.received_at + WEEK],
        )

    def by_message(self) -> Iterator["Known"]:
        """Each message that was acted upon with what is known of it, and all answers."""
        acts: dict[str, list[Act]] = {}
        arrivals: dict[str, list[Arrival]] = {}
        for act in self.acts:
            acts.setdefault(act.message_id, []).append(act)
        for arrival in self.arrivals:
            if arrival.message_id in acts:
                arrivals.setdefault(arrival.message_id, []).append(arrival)
        return (Known(of_it, arrivals.get(name, ()), self.answers) for name, of_it in acts.items())

    def is_of_one_week(self) -> bool:
        """Whether all of it may count for each of its acts."""
        received = [act.received_at for act in self.acts]
        first, last = min(received), max(received)
        beside = [arrival.received_at for arrival in self.arrivals]
        earliest, latest = min(beside, default=first), max(beside, default=last)
        answered = max((answer.received_at for answer in self.answers), default=first)
        return max(last, latest) - min(first, earliest) <= WEEK and answered <= first + WEEK


def _is_near(one: Act | Arrival, act: Act) -> bool:
    return abs(one.received_at - act.received_at) <= WEEK
