"""Every tool that can be plugged in, by the name under which the gateway and the importer know it."""

from functools import wraps

from events.adapters import (
    actblue,
    actionnetwork,
    mailgun,
    mobilize,
    movement,
    postmark,
    sendgrid,
    ses,
    twilio,
    van,
)
from events.adapters.drafts import fault
from events.adapters.feed import Adapter, Feed, Refused, Result


def guarded(read: Adapter) -> Adapter:
    """The adapter, so that a body on which it fails costs that body and nothing else."""

    @wraps(read)
    def reading(body: bytes, feed: Feed) -> list[Result]:
        try:
            return read(body, feed)
        except Exception as error:  # noqa: BLE001 - it costs this body alone
            return [Refused(body, fault(error))]

    return reading


_READ: dict[str, Adapter] = {
    "actblue": actblue.read,
    "actionnetwork": actionnetwork.read,
    "mailgun": mailgun.read,
    "mobilize": mobilize.read,
    "movement": movement.read,
    "postmark": postmark.read,
    "sendgrid": sendgrid.read,
    "ses": ses.read,
    "twilio": twilio.read,
    "van": van.read,
}
BODIES: dict[str, Adapter] = {vendor: guarded(read) for vendor, read in _READ.items()}
"""Vendors that send JSON or form fields: the body of a webhook, or a line of a file of them."""

_OTHER_NAMES = {
    "amazonses": "ses",
    "everyaction": "van",
    "movementinfrastructure": "movement",
    "ngpvan": "van",
    "osdi": "actionnetwork",
}


def known_as(name: str) -> str:
    """The name under which a vendor is known here: in lower case, without hyphens and the like."""
    plain = "".join(letter for letter in name.lower() if letter.isalnum())
    return _OTHER_NAMES.get(plain, plain)
