"""What people's channels are told, Slack and e-mail: lines of several notices together, and of no contact by id."""

from collections import Counter
from collections.abc import Sequence
from email.message import EmailMessage
from typing import NamedTuple

import orjson

from streams.domain.delivery.notices import Notice
from streams.domain.display_names import printable

WINDOW_S = 60
"""How long a notice waits for others, at most."""
LINES = 20


class MailAddresses(NamedTuple):
    """Who sends an e-mail to whom."""

    sender: str
    to: Sequence[str]


def digest_lines(notices: Sequence[Notice]) -> list[str]:
    """A line for each thing that was seen, with how often; whose contact it was is for a webhook or the console."""
    counted = Counter(map(_line, notices))
    return [line if count == 1 else f"{line} ({count} times)" for line, count in counted.items()]


def slack_body(notices: Sequence[Notice]) -> bytes:
    """The body for an incoming webhook of Slack, in which nothing of a name is taken for markup or a mention."""
    text = "\n".join(digest_lines(notices))
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, written)
    return orjson.dumps({"blocks": [{"type": "section", "text": {"type": "plain_text", "text": text[:3_000]}}]})


def email_of(notices: Sequence[Notice], addresses: MailAddresses, message_id: str) -> EmailMessage:
    """The message; `message_id` is the same over retries, by which mail programs recognise a copy."""
    lines = digest_lines(notices)
    message = EmailMessage()
    message["Subject"] = lines[0] if len(lines) == 1 else f"Harmonia: {len(lines)} notices"
    message["From"], message["To"] = addresses.sender, ", ".join(addresses.to)
    message["Message-ID"] = f"<{message_id}@harmonia.invalid>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(lines) + "\n")
    return message


def _line(notice: Notice) -> str:
    data = notice.data
    if notice.type == "experiment.changed":
        parts = [f"experiment {data['experiment']}: {data['status']}"]
        parts += [f"{variant} differs in {metric}" for metric, variant in data["discoveries"]]
        parts += [f"{variant} does harm in {metric}" for metric, variant in data["breached"]]
        return _short("; ".join(parts))
    about = "a contact" if notice.type == "contact.alert" else data["subject"]
    return _short(f"{data['rule']}: {about}")


def _short(text: str) -> str:
    shown = " ".join(printable(text).split())
    return shown if len(shown) <= 140 else f"{shown[:139]}…"
