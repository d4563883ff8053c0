"""Every tool that can be plugged in, by the name under which the gateway and the importer know it."""

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
from events.adapters.feed import Adapter

BODIES: dict[str, Adapter] = {
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
