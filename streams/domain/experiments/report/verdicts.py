"""What an interval says, in words: better, worse, or not yet known."""

from typing import Literal

from events.experiments.metrics import HARM

Word = Literal["better", "worse", "not yet known"]


def word_of(metric: str, low: float, high: float) -> Word:
    """Whether all that the interval holds is better, or worse, than the baseline; of harm, more is worse."""
    if low > 0:
        return "worse" if metric in HARM else "better"
    if high < 0:
        return "better" if metric in HARM else "worse"
    return "not yet known"
