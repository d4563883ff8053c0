"""The adapter of each vendor, by the name under which the gateway and the importer know it."""

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
from events.adapters.drafts import adapter_failure
from events.adapters.feed import Adapter, AdapterResult, Feed, RefusedElement


def guarded(read: Adapter) -> Adapter:
    """Wrap an adapter so that a body on which it fails is refused, and nothing else."""

    @wraps(read)
    def reading(body: bytes, feed: Feed) -> list[AdapterResult]:
        try:
            return read(body, feed)
        except Exception as error:  # noqa: BLE001 - it costs this body alone
            return [RefusedElement(body, adapter_failure(error))]

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
"""The adapters of vendors that send JSON or form fields: a body is that of a webhook, or a line of a file of them."""

_OTHER_NAMES = {
    "amazonses": "ses",
    "everyaction": "van",
    "movementinfrastructure": "movement",
    "ngpvan": "van",
    "osdi": "actionnetwork",
}


def canonical_vendor(name: str) -> str:
    """The name of a vendor as `BODIES` has it: in lower case, without hyphens and the like, other names resolved."""
    plain = "".join(letter for letter in name.lower() if letter.isalnum())
    return _OTHER_NAMES.get(plain, plain)
