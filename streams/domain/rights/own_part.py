"""Takes out of all that is held of a person the ids of other people with whom they were taken for one. Pure."""

from collections.abc import Mapping, Set

from events.json_types import JSON


def without_others(held: Mapping[str, JSON]) -> dict[str, JSON]:
    """What is held, where decisions about two contacts name those alone that the person is known as.

    The other contact of a link that was undone is somebody else. `held` has `identifiers`, those of the person, and
    `interactions`.
    """
    told, own = held["interactions"], held["identifiers"]
    names = {str(name) for name in own} if isinstance(own, list) else set()
    return {**held, "interactions": [_own_part(event, names) for event in told] if isinstance(told, list) else told}


def _own_part(event: JSON, names: Set[str]) -> JSON:
    data = event.get("data") if isinstance(event, dict) else None
    pair = data.get("contact_ids") if isinstance(data, dict) else None
    if not isinstance(event, dict) or not isinstance(data, dict) or not isinstance(pair, list):
        return event
    return {**event, "data": {**data, "contact_ids": [each for each in pair if each in names]}}
