"""Reads the custom fields that senders attach to a message or a form, where they have the contract's names.

Every mailer returns its custom arguments, tags or metadata with each event. Those with names of the contract say who
the person is and what the message was for: `campaign_id`, `purpose`, `list_id`, `team`, `experiment_id` with
`experiment_variant`, `contact_id`, `voter_id`, `external_<system>` and so on. A value that the contract does not allow
is ignored: a slip in a sender's template must not cost a person the STOP that comes with it.
"""

import re
from collections.abc import Callable, Mapping
from typing import get_args

from events.adapters.values import text_of
from events.channels import Purpose, canonical_purpose
from events.contact import REGION_PATTERN, VOTER_ID_PATTERN, is_time_zone
from events.fields import CONTACT_ID_PATTERN, MAX_ID
from events.json_types import JSON

_ABOUT = ("team", "campaign_id", "universe", "turf")
_PURPOSES = frozenset(get_args(Purpose))
_PERSON = ("contact_id", "voter_id", "household", "language", "postal_code", "region", "time_zone")
NAMES = frozenset({*_ABOUT, *_PERSON, "purpose", "list_id", "experiment_id", "experiment_variant"})
"""The names that are read; beside them any that begins with `external_`."""
_EXTERNAL = "external_"
_RULES: Mapping[str, Callable[[str], object]] = {
    "contact_id": re.compile(CONTACT_ID_PATTERN).search,
    "region": re.compile(REGION_PATTERN).search,
    "time_zone": is_time_zone,
    "voter_id": re.compile(VOTER_ID_PATTERN).search,
}


def about(carried: Mapping[str, JSON]) -> dict[str, JSON]:
    """Team, campaign, universe and turf, which the `data` of any type may hold."""
    return {name: text for name in _ABOUT if (text := _text(carried, name))}


def _text(carried: Mapping[str, JSON], name: str) -> str | None:
    """The value of a custom field, if the contract allows it."""
    text = text_of(carried.get(name))
    if text is None or len(text) > MAX_ID or not _RULES.get(name, bool)(text):
        return None
    return text


def message(carried: Mapping[str, JSON]) -> dict[str, JSON]:
    """The fields of `about`, and a message's purpose, list and experiment. An unknown purpose is ignored."""
    found = about(carried)
    purpose = canonical_purpose(text_of(carried.get("purpose")))
    if isinstance(purpose, str) and purpose in _PURPOSES:
        found["purpose"] = purpose
    if listed := _text(carried, "list_id"):
        found["list_id"] = listed
    experiment, variant = _text(carried, "experiment_id"), _text(carried, "experiment_variant")
    if experiment and variant:
        found["experiment"] = {"id": experiment, "variant": variant}
    return found


def person(carried: Mapping[str, JSON], **known: JSON) -> dict[str, JSON]:
    """A `contact` of the vendor's own fields (`known`: email, phone, external) and the sender's custom ones.

    The vendor's own fields come first.
    """
    found: dict[str, JSON] = {name: text for name in _PERSON if (text := _text(carried, name))}
    external: dict[str, JSON] = {
        system: text
        for name in carried
        if name.startswith(_EXTERNAL) and (text := _text(carried, name)) and (system := _system(name))
    }
    for name, value in known.items():
        if name == "external" and isinstance(value, dict):
            external |= value
        elif value is not None and value != "":
            found[name] = value
    return found | ({"external": external} if external else {})


def _system(name: str) -> str | None:
    """The system of `external_<system>`, in lower case, so that no two names of one stand beside each other."""
    system = name.removeprefix(_EXTERNAL).strip().lower()
    return system if system and len(system) <= MAX_ID and system.isprintable() else None
