"""Every tool that can be plugged in, by the name under which the gateway and the importer know it."""

from events.adapters import mailgun, postmark, sendgrid, ses
from events.adapters.feed import Adapter

BODIES: dict[str, Adapter] = {
    "mailgun": mailgun.read,
    "postmark": postmark.read,
    "sendgrid": sendgrid.read,
    "ses": ses.read,
}
"""Vendors that send JSON: the body of a webhook, or a line of a file of them."""
