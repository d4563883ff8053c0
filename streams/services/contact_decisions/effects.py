"""Tells from profiles in Redis whether a decision about people (link, suppress, erase …) has taken effect."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from events.times import parse_time
from sinks.lookup import ContactAnswer, ErasedContact, KnownContact
from streams.domain.display_names import named, printable

_UNREACHABLE = frozenset({"complained", "hard_bounced", "wrong_number"})
_FOR_GOOD = frozenset({"deceased", "do_not_contact"})
"""Reasons that a profile shows in place of a suppression; either way the person may not be reached."""


def are_one(before: Sequence[ContactAnswer], now: Sequence[ContactAnswer]) -> bool:
    """Whether two contacts are one person, and all that was known of each is in that person's profile."""
    one, other = now[:2]
    if one.contact_id != other.contact_id:
        return False
    within = ids_of(one)
    return all(each.contact_id in within for each in before if profile_of(each).get("counts"))


def are_two(now: Sequence[ContactAnswer]) -> bool:
    """Whether two contacts are different persons."""
    return now[0].contact_id != now[1].contact_id


def is_suppressed(contact: ContactAnswer, source: str, id_: str) -> bool:
    """Whether all contact with a person is stopped, by this command or by what no command lifts."""
    if isinstance(contact, ErasedContact):
        return True
    stop = stop_of_all(contact)
    return stop is not None and (stop["reason"] in _FOR_GOOD or (stop["source"], stop["id"]) == (source, id_))


def suppression_of(contact: ContactAnswer, at: int) -> Mapping[str, Any] | None:
    """The suppression that stops all contact at a time (ms), as the profile shows it; None: there is none."""
    stop = stop_of_all(contact)
    if stop is None or stop["reason"] != "suppressed":
        return None
    end = None if "until" not in stop else parse_time(stop["until"])
    return stop if end is None or end > at else None


def outlasts(stop: Mapping[str, Any], end: int | None) -> bool:
    """Whether a suppression holds for longer than one that ends at `end` (ms; None: never)."""
    its_end = None if "until" not in stop else parse_time(stop["until"])
    return end is not None and (its_end is None or its_end > end)


def suppression_words(stop: Mapping[str, Any]) -> tuple[str, str]:
    """A suppression in words: which one it is, and how long it holds."""
    end = f"until {stop['until']}" if "until" in stop else "for ever"
    return f"the suppression of {stop['at']} by {named(stop['source'])}", end


def closed_besides(contact: ContactAnswer) -> list[str]:
    """What of a person is closed for other reasons than a suppression: what, why and since when, one text each."""
    stops = dict(profile_of(contact).get("stops", {}))
    lists, senders = stops.pop("lists", {}), stops.pop("senders", {})
    found = [(("everything" if name == "all" else name), stop) for name, stop in stops.items()]
    found += [(f"list {named(name)}", stop) for name, stop in lists.items()]
    found += [(f"sender {printable(name)}", stop) for name, stop in senders.items()]
    if isinstance(contact, ErasedContact):
        return ["everything (erased)"]
    said = [f"{what} ({stop['reason']} {stop['at']})" for what, stop in found if stop["reason"] != "suppressed"]
    addresses = [each for each in profile_of(contact).get("addresses", ()) if each["status"] in _UNREACHABLE]
    return said + [f"an address for {each['channel']} ({each['status']})" for each in addresses]


def ids_of(contact: ContactAnswer) -> list[str]:
    """The ids whose records are in a contact's profile: its own first, then those that were merged into it."""
    return [contact.contact_id, *profile_of(contact).get("merged_from", ())]


def are_forgotten(now: Sequence[ContactAnswer]) -> bool:
    """Whether these contacts all say that the person was erased, and so hold nothing."""
    return all(isinstance(each, ErasedContact) for each in now)


def stop_of_all(contact: ContactAnswer) -> Mapping[str, Any] | None:
    """What closes a person to everybody, as the profile shows it; None: nothing."""
    found: Mapping[str, Any] | None = profile_of(contact).get("stops", {}).get("all")
    return found


def profile_of(contact: ContactAnswer) -> Mapping[str, Any]:
    """The profile of a contact; empty where there is none."""
    found: Mapping[str, Any] = orjson.loads(contact.profile) if isinstance(contact, KnownContact) else {}
    return found
