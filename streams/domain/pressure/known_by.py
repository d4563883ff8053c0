"""Whether somebody, or one of their addresses, is known from elsewhere than kinds of source that do not count for that.

A no passes the purpose wall whatever its source, and must bind; but its record must not make anybody reachable.
"""

from collections.abc import Collection

from events.outputs import ContactProfile
from events.provenance_kinds import FORGOTTEN


def is_known_otherwise(profile: ContactProfile, sources: Collection[str]) -> bool:
    """Whether anything is known of a person that does not come from one of these kinds of source.

    What is left of a source that was forgotten makes nobody known.
    """
    if not sources or not (items := profile.get("provenance")):
        return True
    if any(item["kind"] not in sources and item["kind"] != FORGOTTEN for item in items):
        return True
    return sum(profile["counts"].values()) > sum(item["count"] for item in items)


def known_only_by(profile: ContactProfile, sources: Collection[str]) -> set[str]:
    """The refs of the addresses of which only these kinds of source are named.

    One that such a source named and that is none of the person's now may be any of the same sort under a former key.
    """
    if not sources or not (items := profile.get("provenance")):
        return set()
    shown = {address["ref"] for address in profile["addresses"]}
    elsewhere = {each["ref"] for item in items if item["kind"] not in sources for each in item["addresses"]}
    named = [each for item in items if item["kind"] in sources for each in item["addresses"]]
    refs = {each["ref"] for each in named}
    strays = {each["channel"] for each in named if each["ref"] not in shown}
    return {
        address["ref"]
        for address in profile["addresses"]
        if address["ref"] not in elsewhere and (address["ref"] in refs or address["channel"] in strays)
    }
