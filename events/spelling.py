"""Suggests the known name that an unknown one may be meant for, and says whether a name is safe to repeat.

Names are made of words, `subject-ask-12`, and many begin or end with the same one. So words that both begin or end
with are left out before the rest is compared: else every experiment would be like each other one that begins with
`subject-`, and every number like the next.
"""

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

LONGEST = 40
"""The most characters of a name that is compared: the time grows with their square."""
LIKENESS = 0.7
"""How alike two names have to be, 1 for equal ones: of four letters one may be another, of three none.

Two letters that have changed places are near in any word of three or more.
"""

is_safe_to_repeat = re.compile(f"[A-Za-z][A-Za-z_]{{0,{LONGEST - 1}}}").fullmatch
"""Whether a name can be no address and no number, and so may be repeated in a message."""
_words_of = re.compile(r"[^\W_]+").findall


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that is spelled most like a name; None: none is near, or it is too long."""
    if len(name) > LONGEST:
        return None
    alike = [(likeness(name, each), each) for each in sorted(set(known))]
    most, near = max(alike, key=lambda found: found[0], default=(0.0, ""))
    return near if most >= LIKENESS else None


def likeness(one: str, other: str) -> float:
    """How alike two names are, from 0 to 1, but for the words that both begin or end with.

    By the letters that stand in both in the same order, twice, over all letters. Case does not matter, nor which signs
    stand between words. Where one has all words of the other and one more, the whole names are compared.
    """
    words, others = _words_of(one.casefold()), _words_of(other.casefold())
    begin = _common(words, others)
    end = _common(words[begin:][::-1], others[begin:][::-1])
    rest, of_other = words[begin : len(words) - end], others[begin : len(others) - end]
    if len(rest) + len(of_other) == 1 or rest == of_other:
        rest, of_other = words, others
    left, right = " ".join(rest), " ".join(of_other)
    alike = SequenceMatcher(None, left, right, autojunk=False).ratio()
    return max(alike, LIKENESS) if _are_exchanged(left, right) else alike


def _are_exchanged(left: str, right: str) -> bool:
    """Whether one letter and its neighbour have changed places, in a word of three letters or more."""
    wrong = [place for place, (one, other) in enumerate(zip(left, right, strict=False)) if one != other]
    if len(left) != len(right) or len(left) < 3 or len(wrong) != 2 or wrong[1] - wrong[0] != 1:
        return False
    pair = left[wrong[0] : wrong[1] + 1]
    return pair.isalpha() and pair == right[wrong[0] : wrong[1] + 1][::-1]


def _common(words: Sequence[str], others: Sequence[str]) -> int:
    """How many words both begin with."""
    return next(
        (place for place, (one, other) in enumerate(zip(words, others, strict=False)) if one != other),
        min(len(words), len(others)),
    )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean NAME?`, to be added to a message about an unknown name; empty where none is near."""
    near = nearest_name(name, known)
    return f"; did you mean {near}?" if near else ""
