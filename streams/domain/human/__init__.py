"""Whether an open or a click was a person's: a probability, and the signals that speak for and against it.

Programs open and click mail too: Apple's Mail fetches every image ahead of its reader, security products follow every
link before the mail is in its box. Raw counts therefore say little of a person. Nothing here proves anything of one
act; the sum over many is an honest number. All of it is a function of the set of what is known, so order, repeats and
late arrival change nothing. Weights, sources and what cannot be told apart: `docs/human.md`.
"""

from streams.domain.human.agents import Agent, agent_of
from streams.domain.human.known import Act, Answer, Arrival, Known
from streams.domain.human.score import Expected, Judged, Judgement, expected, judge, judge_all, judge_message
from streams.domain.human.signals import Answered
from streams.domain.human.weights import ANSWER_MS, Signal

__all__ = [
    "ANSWER_MS",
    "Act",
    "Agent",
    "Answer",
    "Answered",
    "Arrival",
    "Expected",
    "Judged",
    "Judgement",
    "Known",
    "Signal",
    "agent_of",
    "expected",
    "judge",
    "judge_all",
    "judge_message",
]
