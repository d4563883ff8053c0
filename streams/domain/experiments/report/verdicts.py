"""What an interval says, in words: better, worse, or not yet known."""

from collections.abc import Mapping
from typing import Literal

from streams.domain.experiments.metrics import HARM

Word = Literal["better", "worse", "not yet known"]

MEANINGS: Mapping[str, str] = {
    "opened": "opened, by people and not machines",
    "clicked": "clicked, by people and not machines",
    "replied": "answered a text",
    "donated": "gave",
    "net_amount": "money given less refunds, by person",
    "contacted": "was spoken to",
    "support": "was last found to be a supporter",
    "voted": "voted",
    "unsubscribed": "unsubscribed or opted out",
    "complained": "complained",
}


def word_of(metric: str, low: float, high: float) -> Word:
    """Whether all that the interval holds is better, or worse, than the baseline; of harm, more is worse."""
    if low > 0:
        return "worse" if metric in HARM else "better"
    if high < 0:
        return "better" if metric in HARM else "worse"
    return "not yet known"
