"""What is wrong with a text that somebody wrote in a form, as pages of any language show it. Pure."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from streams.domain.file_mistakes import FileMistake
from streams.domain.messages import CodedMessage
from streams.domain.messages.mistakes import cure_message, mistake_message

WHOLE_FILE = "TOML"


class ShownMistake(Struct, frozen=True):
    """A mistake: of which key, what is wrong with it, and the cure. `told`: both as messages; empty: English alone."""

    key: str
    problem: str
    cure: str
    told: tuple[CodedMessage, ...] = ()


def shown_mistakes(found: Iterable[FileMistake]) -> Sequence[ShownMistake]:
    """Mistakes in the order of the file; each is told in the language of the reader as a whole, or in English."""
    return [_shown(each.key or WHOLE_FILE, each.problem, each.cure) for each in found]


def shown_lines(found: Iterable[str]) -> Sequence[ShownMistake]:
    """The same of lines `key: problem; cure`."""
    shown = []
    for line in found:
        key, _, said = line.removeprefix("the file ").partition(": ")
        problem, _, cure = said.partition("; ")
        if key == "is no TOML":
            key, problem = WHOLE_FILE, f"is not TOML: {problem}"
        shown.append(_shown(WHOLE_FILE if key == "the file" else key, problem, cure))
    return shown


def _shown(key: str, problem: str, cure: str) -> ShownMistake:
    told = mistake_message(problem) or cure_message(problem), cure_message(cure)  # some tell a cure alone
    return ShownMistake(key, problem, cure, tuple(each for each in told if each is not None) if all(told) else ())
