"""What people's channels are told, Slack and e-mail: lines of several notices together, and of no contact by id."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import NamedTuple, TypeVar

import orjson

from events.identifiers import is_identity_hash
from streams.domain.delivery.notices import Notice, is_of_identifier
from streams.domain.delivery.standing import Wait
from streams.domain.display_names import HIDDEN, is_shown, named, printable

WINDOW_S = 60
"""How long a notice waits for others, at most."""
QUIET_S = 3_600
"""How long a line is not said again: what comes meanwhile is counted, not kept, and said together after that."""
LINES = 20
MOST_NOTICES = 1_000
"""In one digest, most of them in one line then."""


class MailAddresses(NamedTuple):
    """Who sends an e-mail to whom."""

    sender: str
    to: Sequence[str]


Place = TypeVar("Place")


def first_told_at(now: int, said_at: int | None) -> int:
    """When a notice may be told that was read now, ms; `said_at`: when its line was said last, or will be."""
    if said_at is None or now >= said_at + QUIET_S * 1000:
        return now + WINDOW_S * 1000
    return said_at if now <= said_at else said_at + QUIET_S * 1000


def next_digest(waits: Iterable[tuple[Place, Wait]], now: int, told_at: int | None = None) -> list[Place]:
    """What is told together now, in the order of `waits`; none: it is not time yet.

    `told_at`: when the last message was taken, ms; the next one is sent a minute later, whatever waits.
    What failed together is told together again, and nothing else with it, so that it is the same digest. Else all lines
    of the next minute, once one of them is due or there are as many as a digest holds.
    """
    if told_at is not None and 0 <= now - told_at < WINDOW_S * 1000:
        return []
    failed: dict[tuple[int, int], list[Place]] = {}
    fresh: list[tuple[Place, Wait]] = []
    for place, wait in waits:
        if wait.attempts == 0 and wait.next_at <= now + WINDOW_S * 1000:
            fresh.append((place, wait))
        elif wait.attempts and wait.next_at <= now:
            failed.setdefault((wait.next_at, wait.attempts), []).append(place)
    if failed:
        return failed[min(failed)]
    by_age = sorted(fresh, key=lambda each: each[1].next_at)
    lines = [*dict.fromkeys(wait.line for _, wait in by_age)][:LINES]
    if len(lines) < LINES and not any(wait.next_at <= now for _, wait in by_age):
        return []
    return [place for place, wait in by_age if wait.line in {*lines}][:MOST_NOTICES]


def digest_lines(notices: Sequence[Notice]) -> list[str]:
    """A line for each thing that was seen, with how often; whose contact it was is for a webhook or the console."""
    counted = Counter[str]()
    for notice in notices:
        counted[digest_line(notice)] += notice.times
    return [line if count == 1 else f"{line} ({count} times)" for line, count in counted.items()]


def slack_body(notices: Sequence[Notice]) -> bytes:
    """The body for an incoming webhook of Slack, in which nothing of a name is taken for markup or a mention."""
    lines = [_for_slack(line) for line in digest_lines(notices)]
    sections = [{"type": "section", "text": {"type": "plain_text", "text": line}} for line in lines]
    shown = lines[0] if len(lines) == 1 else f"Harmonia: {len(lines)} notices"  # where no blocks are shown
    return orjson.dumps({"text": shown, "blocks": sections})


def email_of(notices: Sequence[Notice], addresses: MailAddresses, message_id: str) -> EmailMessage:
    """The message; `message_id` is the same over retries, by which mail programs recognise a copy."""
    lines = digest_lines(notices)
    message = EmailMessage()
    message["Subject"] = lines[0] if len(lines) == 1 else f"Harmonia: {len(lines)} notices"
    message["From"], message["To"] = addresses.sender, ", ".join(addresses.to)
    message["Date"] = datetime.fromtimestamp(max(notice.at for notice in notices) / 1000, UTC)
    message["Message-ID"] = f"<{message_id}@harmonia.invalid>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(lines) + "\n")
    return message


def digest_line(notice: Notice) -> str:
    """What a digest says of a notice, of no contact by id."""
    data = notice.data
    if notice.type == "experiment.changed":
        parts = [f"experiment {data['experiment']}: {data['status']}"]
        parts += [f"{variant} differs in {metric}" for metric, variant in data["discoveries"]]
        parts += [f"{variant} does harm in {metric}" for metric, variant in data["breached"]]
        return _short("; ".join(parts))
    return _short(f"{named(str(data['rule']))}: {_about(notice)}")


def _about(notice: Notice) -> str:
    """Of whom or what an alert is, of no person: an alert on identifiers has the hash of one as its subject."""
    if notice.type == "contact.alert":
        return "a contact"
    subject = str(notice.data.get("subject", ""))
    if is_of_identifier(notice.data) or is_identity_hash(subject):
        return "an identifier"
    return subject if is_shown("-".join(subject.split())) else HIDDEN  # a number may be written with spaces


def _for_slack(text: str) -> str:
    for sign, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, written)
    return text


def _short(text: str) -> str:
    shown = " ".join(printable(text).split())
    return shown if len(shown) <= 140 else f"{shown[:139]}…"
