"""Finds fields by which it is guessed where somebody descends from: a place of birth, or what their name sounds like.

No type has such a field. As a field that its type does not know, or within one, it would be kept in `interactions` and
the lake, which a deployment may refuse (`purpose_wall.py`).
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from pydantic import BaseModel

from events.json_types import JSON
from events.spelling import is_safe_to_repeat

_PLACE = (
    *("place", "country", "nation", "region", "province", "city", "town", "state"),
    *("lieu", "pays", "ville", "commune", "dep", "dpt", "insee"),
)
_SOUND = ("consonance", "ethni")
_NAMES = frozenset({"surname", "lastname", "firstname", "nom", "noms", "prenom", "patronyme"})
_ANY_NAMES = frozenset({"name", "names"})
_OF_A_PERSON = frozenset({"last", "first", "family", "given", "maiden"})
_ORIGIN = frozenset({"origin", "origins", "origine", "origines"})
_ORIGINS = _ORIGIN | {"sound", "sounds", "sonorite"}
_COUNTRY = frozenset({"country", "nation", "pays"})
_HOME = _COUNTRY | {"place", "region", "province", "city", "town", "state", "lieu", "ville", "commune"}
_OF = frozenset({"of", "de", "d"})
_words_of = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+").findall
_is_birth = re.compile(r"birth|(?<!con)(?<!^re)naiss").search


def descent_field(data: BaseModel) -> str | None:
    """The path of the first such field that `data` has and its type does not know; None: there is none.

    A name that may be an address is told as `*`.
    """
    return next(_fields("data", data), None)


def without_descent_fields(data: BaseModel) -> BaseModel:
    """The same without any such field."""
    inner = {
        name: without_descent_fields(value)
        for name in type(data).model_fields
        if isinstance(value := getattr(data, name), BaseModel)
    }
    left = data.model_copy(update=inner)
    if extra := left.model_extra:  # a dict of the copy's own
        kept = {name: _without(name, value) for name, value in extra.items() if not tells_descent(name)}
        extra.clear()
        extra.update(kept)
    return left


def may_tell_descent(data: JSON, within: str = "") -> bool:
    """Whether any field in `data`, not judged yet, is called so: also where its type knows it, or in an answer."""
    if isinstance(data, dict):
        return any(_tells(within, name) or may_tell_descent(value, name) for name, value in data.items())
    return isinstance(data, list) and any(may_tell_descent(each, within) for each in data)


def _fields(path: str, said: BaseModel) -> Iterator[str]:
    for name, value in (said.model_extra or {}).items():
        yield from _found(path, "", name, value)
    for name in type(said).model_fields:
        if isinstance(value := getattr(said, name), BaseModel):
            yield from _fields(f"{path}.{name}", value)


def _found(path: str, within: str, name: str, value: JSON) -> Iterator[str]:
    here = f"{path}.{name if is_safe_to_repeat(name) else '*'}"
    if value is not None and _tells(within, name):
        yield here
    yield from _found_in(here, name, value)


def _found_in(path: str, within: str, value: JSON) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _found(path, within, name, each)
    elif isinstance(value, list):
        for each in value:
            yield from _found_in(path, within, each)


def _without(within: str, value: JSON) -> JSON:
    if isinstance(value, dict):
        return {name: _without(name, each) for name, each in value.items() if not _tells(within, name)}
    return [_without(within, each) for each in value] if isinstance(value, list) else value


def _tells(within: str, name: str) -> bool:
    """Whether a field is called so by itself, or together with the one that it stands in: `birth` with a `place`."""
    return tells_descent(name) or (within != "" and tells_descent(f"{within} {name}"))


@lru_cache(maxsize=4_096)
def tells_descent(name: str) -> bool:
    """Whether a field is called so in English or French, however it is written: `birthPlace`, `lieu_de_naissance`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = [word.lower() for word in _words_of(plain)]
    together = "".join(words)
    if any(sound in together for sound in _SOUND):
        return True
    if any(map(_is_birth, words)):
        return any(place in together for place in _PLACE)
    return _is_origin_of_a_name(words) or _is_home(words)


def _is_origin_of_a_name(words: Sequence[str]) -> bool:
    """The origin of a name, or its sound: not the name of an origin, which is what a list or a page is called."""
    origin = next((place for place, word in enumerate(words) if word in _ORIGINS), None)
    if origin is None:
        return False
    if not _NAMES.isdisjoint(words):
        return True
    name = next((place for place, word in enumerate(words) if word in _ANY_NAMES), None)
    if name is None:
        return False
    if name > 0 and words[name - 1] in _OF_A_PERSON:
        return True
    return ("of" in words[origin:name]) if origin < name else ("of" not in words[name:origin])


def _is_home(words: Sequence[str]) -> bool:
    """A country, or another place, of origin. `origin_country` is that of a visit, too."""
    for place, word in enumerate(words[:-1]):
        follows = words[place + 1]
        if word in _COUNTRY and follows in _ORIGIN:
            return True
        if word in _HOME and follows in _OF and words[place + 2 : place + 3] and words[place + 2] in _ORIGIN:
            return True
    return False
