"""What is kept of an e-mail or a text: while it may still be taken back, and when it has settled.

A message is several interactions that name one `message_id`, in any order: it was sent, it came back. So what is left
of those that have settled still has to meet those that come late.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

from events.interactions.base import Channel, Purpose
from events.registry import SPECS
from streams.domain.contact.facts.event_order import Stamp

SHOWS: Mapping[str, Channel] = {spec.name: spec.touch_channel for spec in SPECS if spec.touch_channel}
"""Types that show a touch, with its channel."""

KILLS: Mapping[str, Channel] = {spec.name: spec.cancels_touch for spec in SPECS if spec.cancels_touch}
"""Types that say that nobody was reached by the message that they name."""

SOFT_BOUNCES = 3
"""So many since the last delivery, and an address is bouncing."""

MessageKey: TypeAlias = tuple[Channel, str]
"""Channel and `message_id`: what makes several interactions one message."""


class Message(Struct, frozen=True, array_like=True, gc=False, tag=11):
    """An interaction with one message. `team` empty: that of its source; `kind`: of a bounce."""

    message_id: str
    purpose: Purpose | None = None
    team: str = ""
    kind: Literal["hard", "soft"] | None = None


class Touch(Struct, frozen=True, array_like=True, gc=False, order=True):
    """Somebody reached into a person's day, by the interaction that shows it. `team` empty: that of the source."""

    time: int
    source: str
    id: str
    channel: Channel
    purpose: Purpose = "informational"
    team: str = ""


class Mailing(Struct, frozen=True, array_like=True, gc=False):
    """One message of which something has settled: its touch, and when (ms) it came back, None if it has not."""

    channel: Channel
    message_id: str
    touch: Touch | None = None
    killed: int | None = None

    @property
    def key(self) -> MessageKey:
        """What makes two of them one message."""
        return self.channel, self.message_id

    @property
    def time(self) -> int:
        """When it touched, else when it came back."""
        return self.killed or 0 if self.touch is None else self.touch.time


class Mailbox(Struct, frozen=True, array_like=True, gc=False):
    """How an e-mail address took what was sent to it: whether it bounced for good, and the latest stamps of the rest.

    `soft`: no more than `SOFT_BOUNCES`, in order. That is enough to tell whether so many came after the delivery.
    """

    hard: bool = False
    delivered: Stamp | None = None
    soft: tuple[Stamp, ...] = ()


def one_mailing(one: Mailing, other: Mailing) -> Mailing:
    """All that is known of one message: its earliest touch, and the latest word that it came back."""
    touch, killed = one.touch, one.killed
    if touch is None or (other.touch is not None and other.touch < touch):
        touch = other.touch
    if killed is None or (other.killed is not None and other.killed > killed):
        killed = other.killed
    return Mailing(one.channel, one.message_id, touch, killed)


def one_mailbox(one: Mailbox | None, other: Mailbox) -> Mailbox:
    """All that is known of one address."""
    if one is None:
        return other
    delivered = [box.delivered for box in (one, other) if box.delivered is not None]
    soft = sorted({*one.soft, *other.soft})[-SOFT_BOUNCES:]
    return Mailbox(one.hard or other.hard, max(delivered, default=None), tuple(soft))


def all_mailings(*groups: Iterable[Mailing]) -> tuple[Mailing, ...]:
    """Each message once, sorted."""
    known: dict[MessageKey, Mailing] = {}
    for group in groups:
        for mailing in group:
            key = mailing.channel, mailing.message_id
            other = known.get(key)
            known[key] = mailing if other is None else one_mailing(other, mailing)
    return tuple([known[key] for key in sorted(known)])


def all_mailboxes(*groups: Mapping[str, Mailbox]) -> dict[str, Mailbox]:
    """Each address once, sorted."""
    known: dict[str, Mailbox] = {}
    for group in groups:
        for address, box in group.items():
            known[address] = one_mailbox(known.get(address), box)
    return {address: known[address] for address in sorted(known)}
