"""What campaigns hang on a message or a form in a vendor's free fields, under the contract's own names.

Every mailer hands its custom arguments, tags or metadata back with each event. Where they are called as the contract
calls them, they say who the person is and what the message was for: `campaign_id`, `purpose`, `list_id`, `team`,
`experiment_id` with `experiment_variant`, `contact_id`, `voter_id`, `external_<system>` and so on.
"""

from collections.abc import Mapping
from typing import get_args

from events.adapters.words import word
from events.interactions.base import Purpose
from events.json_types import JSON

_ABOUT = ("team", "campaign_id", "universe", "turf")
_PURPOSES = frozenset(get_args(Purpose))
_PERSON = ("contact_id", "voter_id", "household", "language", "postal_code", "region", "time_zone")
_EXTERNAL = "external_"


def about(carried: Mapping[str, JSON]) -> dict[str, JSON]:
    """Team, campaign, universe and turf, which any `data` may carry."""
    return {name: text for name in _ABOUT if (text := word(carried.get(name)))}


def message(carried: Mapping[str, JSON]) -> dict[str, JSON]:
    """The above, and a message's purpose, list and experiment. A purpose that is none of the contract's is left out."""
    found = about(carried)
    if (purpose := word(carried.get("purpose"))) in _PURPOSES:
        found["purpose"] = purpose
    if listed := word(carried.get("list_id")):
        found["list_id"] = listed
    experiment, variant = word(carried.get("experiment_id")), word(carried.get("experiment_variant"))
    if experiment and variant:
        found["experiment"] = {"id": experiment, "variant": variant}
    return found


def person(carried: Mapping[str, JSON], **known: JSON) -> dict[str, JSON]:
    """A `contact` of what the vendor knows (`email`, `phone`, `external`) and what the campaign hung on it.

    What the vendor says itself goes before what is carried.
    """
    found: dict[str, JSON] = {name: text for name in _PERSON if (text := word(carried.get(name)))}
    external: dict[str, JSON] = {
        name.removeprefix(_EXTERNAL): text
        for name, value in carried.items()
        if name.startswith(_EXTERNAL) and len(name) > len(_EXTERNAL) and (text := word(value))
    }
    for name, value in known.items():
        if name == "external" and isinstance(value, dict):
            external |= value
        elif value is not None and value != "":
            found[name] = value
    return found | ({"external": external} if external else {})
