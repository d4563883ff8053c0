"""Names of a request that may be misspelled: a campaign on hold, a sender or a list that people have stopped.

Nobody keeps a list of them, and a new one is nothing wrong, so the question is answered and the name remarked. What it
is compared with is at hand: what is on hold, and what the people asked about have stopped.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from events.channels import Channel
from events.spelling import nearest_name
from streams.domain.display_names import is_shown
from streams.domain.pressure import KnownProfile, PermissionRequest, Policy
from streams.domain.pressure.conditions import conditions_on
from streams.domain.pressure.denials import plain_list
from streams.domain.pressure.senders import is_a_number, is_same_sender

MOST_NAMES = 1_000
"""Names that are kept of one request: whoever sends from more numbers gets remarks about the first ones."""
_is_short_code = re.compile(r"\d{3,8}").fullmatch


@dataclass(slots=True)
class StoppedNames:
    """The senders and lists that the people of a request have stopped."""

    senders: set[str] = field(default_factory=set)
    lists: set[str] = field(default_factory=set)

    def see(self, known: KnownProfile, request: PermissionRequest) -> None:
        """Take in what one person has stopped, as far as the request names a sender or a list."""
        if not isinstance(known, dict):
            return
        stops = known["stops"]
        if request.sender is not None and stops["senders"] and len(self.senders) < MOST_NAMES:
            self.senders.update(stops["senders"])
        if request.list_id is not None and stops["lists"] and len(self.lists) < MOST_NAMES:
            self.lists.update(stops["lists"])

    def add(self, other: "StoppedNames") -> None:
        """Take in those of other people of the same request."""
        self.senders |= other.senders
        self.lists |= other.lists


def campaign_remark(campaign: str | None, held: Collection[str]) -> str | None:
    """A remark where a campaign that is not on hold is spelled like one that is; None: nothing to remark."""
    if campaign is None or campaign in held or (near := nearest_name(campaign, sorted(held))) is None:
        return None
    if not is_shown(near):
        return f"{campaign} is not on hold, and one that is spelled like it is: see `harmonia hold --list`"
    return f"{campaign} is not on hold, and {near} is: is that the one?"


def sender_remark(sender: str | None, stopped: Collection[str], country: str, whose: str) -> str | None:
    """A remark where a sender is spelled like one that was stopped. `whose`: by whom, such as `this person has`."""
    if sender is None or any(is_same_sender(sender, each, country) for each in stopped):
        return None
    near = nearest_name(sender, sorted(stopped))
    return None if near is None else f"{whose} stopped {near}: is that the one?"


def caller_remark(request: PermissionRequest, policy: Policy) -> str | None:
    """A remark where a policy asks more of calls by machines, and nobody says who speaks: many are denied for it."""
    if request.automatic is not None or not any(each.automatic for each in conditions_on(request, policy)):
        return None
    return "who speaks is not said, so calls are judged as a machine's; say so where somebody of yours does"


def list_remark(list_id: str | None, left: Collection[str], whose: str) -> str | None:
    """A remark where a list is spelled like one that was left. `whose`: as of `sender_remark`."""
    if list_id is None or plain_list(list_id) in map(plain_list, left):
        return None
    near = nearest_name(list_id, sorted(left))
    if near is None:
        return None
    return f"{whose} left {near if is_shown(near) else 'one that is spelled like it'}: is that the one?"


def sender_form_remark(sender: str | None, channel: Channel, country: str) -> str | None:
    """A remark where a sender of texts or calls is no number: it only matches a STOP to a sender of that very name."""
    if sender is None or channel not in ("text", "phone") or _is_short_code(sender.strip()):
        return None
    if is_a_number(sender, country):
        return None
    return "is no phone number and no short code, so only who has stopped a sender of that very name is left out"


def cannot_be_a_sender(sender: str) -> bool:
    """Whether a name has no letter and no digit, by which senders are told apart."""
    return not any(map(str.isalnum, sender))
