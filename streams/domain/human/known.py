"""Evidence for judging opens and clicks, in plain data. Times are ms since the epoch, UTC.

`received_at` is when a fact was appended, by the broker's clock: it decides what may still count, `time` what it means.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeVar

from msgspec import Struct

from streams.domain.human.agents import Agent

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
    """Acts and evidence of one person, in any order. `beside`: acts that are evidence here, counted elsewhere."""

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
        arrivals, beside = grouped(self.arrivals), grouped(self.beside)
        for name, acts in grouped(self.acts).items():
            yield Known(acts, arrivals.get(name, ()), self.answers, beside.get(name, ()))

    def arrived(self) -> dict[str, int]:
        """When each message was there: delivered, or if nobody says so sent; of several reports the earliest."""
        sent: dict[str, int] = {}
        delivered: dict[str, int] = {}
        for arrival in self.arrivals:
            times = delivered if arrival.delivered else sent
            if (time := times.get(arrival.message_id)) is None or arrival.time < time:
                times[arrival.message_id] = arrival.time
        return sent | delivered

    def answered(self) -> dict[AnswerKind, list[int]]:
        """When each kind of answer came, in order."""
        times: dict[AnswerKind, list[int]] = {}
        for answer in self.answers:
            times.setdefault(answer.kind, []).append(answer.time)
        return {kind: sorted(these) for kind, these in times.items()}

    def is_of_one_week(self) -> bool:
        """Whether whatever is of one message may count for each of its acts."""
        acts = [act.received_at for act in self.acts]
        if not acts:
            return True
        near = [*acts, *[one.received_at for one in self.arrivals], *[one.received_at for one in self.beside]]
        if max(near) - min(near) > WEEK:
            return False
        return not self.answers or max(answer.received_at for answer in self.answers) <= min(acts) + WEEK


_OfMessage = TypeVar("_OfMessage", Act, Arrival)


def grouped(these: Iterable[_OfMessage]) -> dict[str, list[_OfMessage]]:
    """By message."""
    groups: dict[str, list[_OfMessage]] = {}
    for one in these:
        if (group := groups.get(one.message_id)) is None:
            groups[one.message_id] = [one]
        else:
            group.append(one)
    return groups


def _is_near(one: Act | Arrival, act: Act) -> bool:
    return abs(one.received_at - act.received_at) <= WEEK
