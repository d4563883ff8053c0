"""Finds fields by which it is guessed where somebody descends from: a place of birth, or what their name sounds like.

No type has such a field. As a field that its type does not know it would be kept in `interactions` and the lake, which
a deployment may refuse (`purpose_wall.py`).
"""

import re
import unicodedata
from collections.abc import Iterator

from pydantic import BaseModel

from events.spelling import is_safe_to_repeat

_BIRTH = ("birth", "naissance")
_PLACE = ("place", "country", "city", "town", "state", "lieu", "pays", "ville", "commune", "departement", "insee")
_SOUND = ("consonance", "ethni")
_NAMES = frozenset({"name", "names", "surname", "lastname", "firstname", "nom", "noms", "prenom", "patronyme"})
_ORIGINS = frozenset({"origin", "origins", "origine", "origines", "sound", "sounds", "sonorite"})
_words_of = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+").findall


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
    for name in [name for name in left.model_extra or () if tells_descent(name)]:
        del (left.model_extra or {})[name]
    return left


def _fields(path: str, said: BaseModel) -> Iterator[str]:
    for name, value in (said.model_extra or {}).items():
        if value is not None and tells_descent(name):
            yield f"{path}.{name if is_safe_to_repeat(name) else '*'}"
    for name in type(said).model_fields:
        if isinstance(value := getattr(said, name), BaseModel):
            yield from _fields(f"{path}.{name}", value)


def tells_descent(name: str) -> bool:
    """Whether a field is called so in English or French, however it is written: `birthPlace`, `lieu_de_naissance`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = [word.lower() for word in _words_of(plain)]
    together = "".join(words)
    if any(sound in together for sound in _SOUND):
        return True
    if any(birth in together for birth in _BIRTH):
        return any(place in together for place in _PLACE)
    return not _NAMES.isdisjoint(words) and not _ORIGINS.isdisjoint(words)
