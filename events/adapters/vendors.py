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
