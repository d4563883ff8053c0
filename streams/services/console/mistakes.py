"""What is wrong with a text that somebody wrote in a form, as pages of any language show it. Pure."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from streams.domain.file_mistakes import FileMistake, Told, in_english
from streams.domain.messages import CodedMessage
from streams.domain.messages.mistakes import cure_message, mistake_message

WHOLE_FILE = "TOML"


class ShownMistake(Struct, frozen=True):
    """A mistake: of which key, what is wrong with it, and the cure. `told`: both as messages; empty: English alone.

    Some have no cure, and a sentence about a whole record has no key.
    """

    key: str
    problem: str
    cure: str
    told: tuple[CodedMessage, ...] = ()


def shown_mistakes(found: Iterable[FileMistake]) -> Sequence[ShownMistake]:
    """Mistakes in the order of the file; each is told in the language of the reader as a whole, or in English."""
    return [_shown(each.key or WHOLE_FILE, each.wrong, each.remedy) for each in found]


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


def shown_detail(detail: str) -> ShownMistake:
    """Why a record was refused, of its `dl_detail`: `key: problem; cure`, or a sentence that names no key."""
    if ": " in detail:
        [shown] = shown_lines([detail])
        return shown
    return _shown("", detail, "")


def _shown(key: str, problem: Told, cure: Told) -> ShownMistake:
    told = [_problem(problem)]
    if cure:
        told.append(cure_message(cure) if isinstance(cure, str) else cure)
    known = tuple(each for each in told if each is not None) if all(told) else ()
    return ShownMistake(key, in_english(problem), in_english(cure), known)


def _problem(problem: Told) -> CodedMessage | None:
    if not isinstance(problem, str):
        return problem
    return mistake_message(problem) or cure_message(problem)  # some tell a cure alone
