"""Finds sources of which most records of a type are refused: a broken producer, however few records it sends.

A share of all records does not show it: the gifts of one page are a handful among the opens of a mailing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from streams.domain.dead_letter_repair.letters import DeclaredType
from streams.domain.display_names import named

LEAST = 10
"""Records of a source and type below which "most" means little."""
MOST = 0.5


@dataclass(frozen=True, slots=True)
class MostlyRefused:
    """More than half of these `sent` records were `refused`. Names may be shown to anybody."""

    source: str
    type: str
    refused: int
    sent: int


def suspects(refused: Mapping[DeclaredType, int]) -> list[DeclaredType]:
    """Sources and types that can be read, and of which enough was refused to ask what was accepted."""
    least = int(LEAST * MOST) + 1
    return [said for said, count in refused.items() if count >= least and said.source and said.type]


def mostly_refused(refused: Mapping[DeclaredType, int], accepted: Mapping[DeclaredType, int]) -> list[MostlyRefused]:
    """Sources and types with `LEAST` records or more, of which more than half is refused; most refused first."""
    found = []
    for said in suspects(refused):
        count, sent = refused[said], refused[said] + accepted.get(said, 0)
        if sent >= LEAST and count > MOST * sent:
            found.append(MostlyRefused(named(said.source), named(said.type), count, sent))
    return sorted(found, key=lambda each: (-each.refused, each.source, each.type))


def sentence(each: MostlyRefused) -> str:
    """`finance/actblue: 40 of 40 donation.made refused`."""
    return f"{each.source}: {each.refused:,} of {each.sent:,} {each.type} refused"


def shortened(sentences: Iterable[str], most: int) -> list[str]:
    """The first sentences, and how many more there are."""
    said = list(sentences)
    more = len(said) - most
    return [*said[:most], *([f"{more} more such sources"] if more > 0 else [])]
