"""Sources of which all or most records of a type are refused: a producer that nobody hears, however few it sends.

A share of everything does not show it: all gifts of one page are a handful among the opens of a mailing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from streams.domain.dead_letter_repair.letters import DeclaredType
from streams.domain.display_names import named

LEAST = 10
"""Records of a source and a type, below which most is a few."""
MOST = 0.5


@dataclass(frozen=True, slots=True)
class Mostly:
    """More than half of these `sent` records were `refused`. Names are as they may be shown to anybody."""

    source: str
    type: str
    refused: int
    sent: int


def suspects(refused: Mapping[DeclaredType, int]) -> list[DeclaredType]:
    """Those of whom enough was refused to ask what was accepted: a source and a type that can be read."""
    least = int(LEAST * MOST) + 1
    return [said for said, count in refused.items() if count >= least and said.source and said.type]


def mostly_refused(refused: Mapping[DeclaredType, int], accepted: Mapping[DeclaredType, int]) -> list[Mostly]:
    """Those of which more than half is refused, of `LEAST` or more; the most refused first."""
    found = []
    for said in suspects(refused):
        count, sent = refused[said], refused[said] + accepted.get(said, 0)
        if sent >= LEAST and count > MOST * sent:
            found.append(Mostly(named(said.source), named(said.type), count, sent))
    return sorted(found, key=lambda each: (-each.refused, each.source, each.type))


def sentence(each: Mostly) -> str:
    """`finance/actblue: 40 of 40 donation.made refused`."""
    return f"{each.source}: {each.refused:,} of {each.sent:,} {each.type} refused"


def shortened(sentences: Iterable[str], most: int) -> list[str]:
    """So many of them, and how many there are besides."""
    said = list(sentences)
    more = len(said) - most
    return [*said[:most], *([f"{more} more such sources"] if more > 0 else [])]
