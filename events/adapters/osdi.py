"""Reads people and identifiers in OSDI, the format of Action Network's webhooks and Mobilize's lists.

An OSDI identifier is `<system>:<id>`; a link ends with the id of what it leads to.
"""

from collections.abc import Iterable

from events.adapters.values import object_at, objects_in, place, present, text_of
from events.json_types import JSON

_CLOSED_EMAIL = {
    "unsubscribed": "email.unsubscribed",
    "spam complaint": "email.complained",
    "spam complaints": "email.complained",
}


def person(found: dict[str, JSON], system: str, id_: str | None) -> dict[str, JSON]:
    """The `contact` of an OSDI person: primary address and number, place, language, and the system's own id."""
    home = _first(found.get("postal_addresses"))
    languages = found.get("languages_spoken")
    spoken = text_of(languages[0]) if isinstance(languages, list) and languages else None
    return present(
        email=_first(found.get("email_addresses")).get("address"),
        phone=text_of(_first(found.get("phone_numbers")).get("number")),
        external=present(**{system: id_}),
        language=spoken,
    ) | place(home.get("region"), home.get("postal_code"), home.get("country"))


def closed(found: dict[str, JSON]) -> Iterable[tuple[str, dict[str, JSON]]]:
    """The channels that an OSDI person's record says are closed, as types and data. It never opens a channel."""
    status = (text_of(_first(found.get("email_addresses")).get("status")) or "").lower()
    if status in _CLOSED_EMAIL:
        yield _CLOSED_EMAIL[status], {}
    number = _first(found.get("phone_numbers"))
    if number.get("do_not_call") is True:
        yield "consent.changed", {"channel": "phone", "granted": False}
    if (text_of(number.get("status")) or "").lower() == "unsubscribed":
        yield "consent.changed", {"channel": "text", "granted": False}


def _first(value: JSON) -> dict[str, JSON]:
    """The primary one of a list of objects, else the first."""
    found = objects_in(value)
    return next((one for one in found if one.get("primary") is True), found[0] if found else {})


def linked(found: dict[str, JSON], *names: str) -> str | None:
    """The id at the end of the first of these links that exists."""
    for name in names:
        href = text_of(object_at(found, "_links", name).get("href"))
        if href and (id_ := href.partition("?")[0].rstrip("/").rpartition("/")[2]):
            return id_
    return None


def identifiers(value: JSON) -> Iterable[tuple[str, str]]:
    """Each (system, id) of a list of identifiers."""
    for one in value if isinstance(value, list) else ():
        system, colon, id_ = (text_of(one) or "").partition(":")
        if colon and system and id_:
            yield system.lower(), id_
