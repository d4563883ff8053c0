"""How much each signal weighs, in decibans.

A weight of evidence is ten times the decimal logarithm of a likelihood ratio: how many times more often a person's act
shows the signal than a program's (I. J. Good, *Probability and the Weighing of Evidence*, 1950). Ten decibans multiply
the odds by ten, three about double them, and being integers they add up the same in any order. The prior is the odds
before anything is known of the act itself.

Where the numbers come from, and which are assumptions, stands beside each of them in `docs/human.md`. They are one
table so that whoever has counts of their own can put those in.
"""

from enum import StrEnum, unique
from typing import NamedTuple

from streams.domain.human.agents import Agent
from streams.domain.human.known import AnswerKind, Kind


@unique
class Signal(StrEnum):
    """A signal that speaks for a person or against one."""

    VENDOR_MACHINE = "vendor_machine"
    VENDOR_PERSON = "vendor_person"
    AGENT_PERSONAL = "agent_personal"
    AGENT_PROXY = "agent_proxy"
    AGENT_OFFICE = "agent_office"
    AGENT_BARE = "agent_bare"
    AGENT_PREFETCH = "agent_prefetch"
    AGENT_PROGRAM = "agent_program"
    AT_DELIVERY = "at_delivery"
    SOON = "soon"
    LATER = "later"
    TWO_LINKS = "two_links"
    MANY_LINKS = "many_links"
    CLICKED = "clicked"
    GIFT = "gift"
    FORM = "form"
    REPLY = "reply"


PRIOR: dict[Kind, int] = {"open": 0, "click": 5}

WEIGHTS: dict[Kind, dict[Signal, int]] = {
    "open": {
        Signal.VENDOR_MACHINE: -17,
        Signal.VENDOR_PERSON: 7,
        Signal.AGENT_PERSONAL: 8,
        Signal.AGENT_PROXY: 10,
        Signal.AGENT_OFFICE: 7,
        Signal.AGENT_BARE: -10,
        Signal.AGENT_PREFETCH: -20,
        Signal.AGENT_PROGRAM: -20,
        Signal.AT_DELIVERY: -17,
        Signal.SOON: -5,
        Signal.TWO_LINKS: -18,
        Signal.MANY_LINKS: -30,
        Signal.GIFT: 20,
        Signal.FORM: 20,
        Signal.REPLY: 13,
    },
    "click": {
        Signal.VENDOR_MACHINE: -20,
        Signal.VENDOR_PERSON: 7,
        Signal.AGENT_PERSONAL: 5,
        Signal.AGENT_PROXY: -13,
        Signal.AGENT_OFFICE: -5,
        Signal.AGENT_BARE: -5,
        Signal.AGENT_PREFETCH: -20,
        Signal.AGENT_PROGRAM: -20,
        Signal.AT_DELIVERY: -20,
        Signal.SOON: -5,
        Signal.LATER: 3,
        Signal.TWO_LINKS: -18,
        Signal.MANY_LINKS: -30,
        Signal.GIFT: 10,
        Signal.FORM: 10,
        Signal.REPLY: 7,
    },
}
"""A signal that is not there says nothing of that kind of act. `CLICKED` follows from the click: see `CLICK_LEAD`."""

CLICK_LEAD, CLICK_MOST = 10, 20
"""A click speaks for an open before it with its own odds by its look and `CLICK_LEAD`, from 0 to `CLICK_MOST`.

Nobody clicks without having the message open, so a click that is as likely a person's as not already speaks for one.
"""

AGENTS: dict[Agent, Signal] = {
    Agent.PERSONAL: Signal.AGENT_PERSONAL,
    Agent.PROXY: Signal.AGENT_PROXY,
    Agent.OFFICE: Signal.AGENT_OFFICE,
    Agent.BARE: Signal.AGENT_BARE,
    Agent.PREFETCH: Signal.AGENT_PREFETCH,
    Agent.PROGRAM: Signal.AGENT_PROGRAM,
}

ANSWERS: dict[AnswerKind, Signal] = {"gift": Signal.GIFT, "form": Signal.FORM, "reply": Signal.REPLY}

SECOND = 1_000

AT_DELIVERY_MS = 10 * SECOND
"""Up to so long after its message arrived, and before that, an act is at delivery."""

SOON_MS = 60 * SECOND
"""Up to so long it is soon after, and from then on later."""

ANSWER_MS = 24 * 3_600 * SECOND
"""For so long after an act an answer speaks for it."""


class Burst(NamedTuple):
    """So many different links of one message, clicked within so many ms of an act."""

    links: int
    within: int
    signal: Signal


BURSTS = (
    Burst(2, 3 * SECOND, Signal.TWO_LINKS),
    Burst(3, 5 * SECOND, Signal.MANY_LINKS),
    Burst(5, 30 * SECOND, Signal.MANY_LINKS),
)

REACH_MS = max(burst.within for burst in BURSTS)
"""A click that came longer before an act says nothing of it."""
