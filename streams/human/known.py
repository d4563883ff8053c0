"""What is known when an act is judged, in plain data. Times are ms since the epoch, UTC.

`received_at` is when a fact was appended, by the broker's clock: it decides what may still count, `time` what it means.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeVar

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
    """What is known of one person, in any order. `beside`: acts that are evidence here and counted somewhere else."""

    acts: Sequence[Act] = ()
    arrivals: Sequence[Arrival] = ()
    answers: Sequence[Answer] = ()
    beside: Sequence[Act] = ()

    def about(self, act: Act) -> "Known":
        """What may count for `act`.

        Of its message what was received within a week of it, before or after; of answers what was received until a week
        after it.
        """
        return Known(
            acts=[one for one in self.acts if one.message_id == act.message_id and _is_near(one, act)],
            beside=[one for one in self.beside if one.message_id == act.message_id and _is_near(one, act)],
            arrivals=[one for one in self.arrivals if one.message_id == act.message_id and _is_near(one, act)],
            answers=[one for one in self.answers if one.received_at <= act.received_at + WEEK],
        )

    def by_message(self) -> Iterator["Known"]:
        """Each message that was acted upon with what is known of it, and all answers."""
        acts = _grouped(self.acts)
        arrivals = _grouped(one for one in self.arrivals if one.message_id in acts)
        beside = _grouped(one for one in self.beside if one.message_id in acts)
        for name, of_it in acts.items():
            yield Known(of_it, arrivals.get(name, ()), self.answers, beside.get(name, ()))

    def is_of_one_week(self) -> bool:
        """Whether all of it may count for each of its acts."""
        received = [one.received_at for group in (self.acts, self.beside, self.arrivals) for one in group]
        first = min(act.received_at for act in self.acts)
        answered = max((answer.received_at for answer in self.answers), default=first)
        return max(received) - min(received) <= WEEK and answered <= first + WEEK


_OfMessage = TypeVar("_OfMessage", Act, Arrival)


def _grouped(these: Iterable[_OfMessage]) -> dict[str, list[_OfMessage]]:
    groups: dict[str, list[_OfMessage]] = {}
    for one in these:
        groups.setdefault(one.message_id, []).append(one)
    return groups


def _is_near(one: Act | Arrival, act: Act) -> bool:
    return abs(one.received_at - act.received_at) <= WEEK
