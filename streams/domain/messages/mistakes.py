"""Mistakes in files that people write, and in lists of people: what is wrong and the cure, read back to their codes."""

import re
from collections.abc import Mapping

from streams.domain.messages.fields import CodedMessage, Field, message
from streams.domain.messages.reading_back import TEXT, ReadField, number, read_back
from streams.domain.messages.texts.mistakes import CURES, LISTS, MISTAKES, REMARKS

_is_choice = re.compile(r"""(?:'[^']*'|\d+)(?:, (?:'[^']*'|\d+))*(?: or (?:'[^']*'|\d+))?""").fullmatch


def mistake_message(text: str) -> CodedMessage | None:
    """What is wrong with a key, by its English text; None: no sentence is known for it in other languages."""
    return _read(text, MISTAKES, {"problem": _problem})


def cure_message(text: str) -> CodedMessage | None:
    """What to do about it, as `mistake_message`."""
    numbers = {"least": _count, "most": _count}
    return _read(text, CURES, {"cure": _cure, "reference": _cure, "choice": _choice, **numbers})


def list_message(text: str) -> CodedMessage | None:
    """Why a list of people cannot be judged, or not to its end, as `mistake_message`."""
    counts = dict.fromkeys(("bytes", "most", "n", "judged"), _count)
    return _read(text, LISTS, {"rest": _rest, "why": _rest, **counts})


def remark_message(text: str) -> CodedMessage | None:
    """What is remarked on a name that may be misspelled, without its option, as `mistake_message`."""
    return _read(text, REMARKS, {})


def _read(text: str, sentences: Mapping[str, str], fields: Mapping[str, ReadField]) -> CodedMessage | None:
    """The first sentence of which every part is known."""
    read = (read_back(text, [code], fields) for code in sentences)
    return next((found for found in read if not _is_unread(found)), None)


def _is_unread(field: Field) -> bool:
    return isinstance(field, CodedMessage) and (field.code == TEXT or any(map(_is_unread, field.fields.values())))


def _problem(text: str) -> Field:
    return mistake_message(text) or message(TEXT, text=text)


def _cure(text: str) -> Field:
    return cure_message(text) or message(TEXT, text=text)


def _count(text: str) -> Field:
    found = number(text)
    return message(TEXT, text=text) if isinstance(found, str) else found


def _rest(text: str) -> Field:
    return list_message(text) or message(TEXT, text=text)


def _choice(text: str) -> Field:
    """Values to choose from, as pydantic lists them; other words are no values, and are not read."""
    if not _is_choice(text):
        return message(TEXT, text=text)
    firsts, found, last = text.rpartition(" or ")
    return message("choice.or", firsts=firsts, last=last) if found else text
