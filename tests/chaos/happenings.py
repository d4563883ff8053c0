"""What may be said of anybody: every type that a rule about a person hangs on.

There are so few messages, gifts, reports, lists and senders that what is said of one person at random times is again
and again about the same one: it was sent and it bounced, it was given and given back, it was closed and opened.
"""

from collections.abc import Callable
from random import Random

from streams.demo.source_system import DAY, TimeFormat, utc_midnight
from streams.demo.truth import Experiment, Fields

_OUTCOMES = ("contacted", "contacted", "refused", "left_message", "not_home", "wrong_number", "language_barrier")
_RARE_OUTCOMES = ("deceased", "do_not_contact")
_METHODS = ("door", "door", "phone", "text", "letter", "relational")
_CHANNELS = ("email", "text", "door", "phone", "letter", "all")
_PURPOSES = ("fundraising", "mobilisation", "transactional")
_EMAIL = ("email.sent", "email.delivered", "email.opened", "email.clicked")
_EMAIL_IN_VAIN = ("email.bounced", "email.bounced", "email.bounced", "email.dropped", "email.deferred")
_FIRST_END, _ENDS = utc_midnight(2012, 6, 1), 60

Happening = tuple[str, str, Fields]
"""Topic, type and fields."""


def something(rng: Random) -> Happening:
    """One thing that happened, or a command to leave the person alone."""
    return rng.choice(_ALL)(rng)


def _gift(rng: Random) -> Happening:
    gift: Fields = {"donation_id": f"actblue:{rng.randrange(5)}", "amount": rng.randrange(500, 50_000)}
    gift["currency"] = rng.choice(("USD", "USD", "EUR"))
    if rng.random() < 0.8:
        gift["committee"] = rng.choice(("C1", "C2"))
    if rng.random() < 0.7:
        gift["election"] = rng.choice(("P2012", "G2012"))
    return "donation-events", "donation.made", gift


def _refund(rng: Random) -> Happening:
    """Of a gift, this person's or an unknown one, or for a committee: with both, they might disagree."""
    refund: Fields = {"refund_id": f"r-{rng.randrange(9)}", "amount": rng.randrange(100, 5_000), "currency": "USD"}
    if rng.random() < 0.8:
        refund["donation_id"] = f"actblue:{rng.randrange(6)}"
    else:
        refund["committee"] = "C1"
    return "donation-events", "donation.refunded", refund


def _report(rng: Random) -> Happening:
    outcome = rng.choice(_RARE_OUTCOMES if rng.random() < 0.05 else _OUTCOMES)
    report: Fields = {"method": rng.choice(_METHODS), "outcome": outcome, "support": rng.randint(1, 5)}
    tags = rng.sample(("host", "driver", "donor"), 2)
    if rng.random() < 0.5:
        report["report_id"] = f"van:{rng.randrange(5)}"
    return "canvass-events", "canvass.reported", report | {"tags_added": tags[:1], "tags_removed": tags[1:]}


def _wish(rng: Random) -> Happening:
    """What names a list is about e-mail, what names a sender about texts."""
    granted = rng.random() < 0.5
    chance = rng.random()
    if chance < 0.2:
        a_list: Fields = {"channel": "email", "granted": granted, "list_id": rng.choice(("news", "asks"))}
        return "outreach-events", "consent.changed", a_list
    if chance < 0.4:
        a_sender: Fields = {"channel": "text", "granted": granted, "sender": rng.choice(("62012", "62013"))}
        return "outreach-events", "consent.changed", a_sender
    return "outreach-events", "consent.changed", {"channel": rng.choice(_CHANNELS), "granted": granted}


def _form(rng: Random) -> Happening:
    return "outreach-events", "form.submitted", {"form_id": f"petition-{rng.randrange(9)}", "kind": "petition"}


def _text(rng: Random) -> Happening:
    about: Fields = {"message_id": f"t-{rng.randrange(4)}", "sender": rng.choice(("62012", "62013"))}
    if rng.random() < 0.5:
        about["purpose"] = rng.choice(_PURPOSES)
    return "outreach-events", rng.choice(("text.sent", "text.delivered", "text.delivered", "text.failed")), about


def _stop(rng: Random) -> Happening:
    stop: Fields = {"keyword": "STOP"}
    if rng.random() < 0.5:
        stop["sender"] = rng.choice(("62012", "62013"))
    return "outreach-events", "text.opted_out", stop


def _email(rng: Random) -> Happening:
    """A fifth of it is about a message that did not arrive, or not yet."""
    type_ = rng.choice(_EMAIL_IN_VAIN if rng.random() < 0.2 else _EMAIL)
    about: Fields = {"message_id": f"m-{rng.randrange(6)}"}
    if type_ == "email.clicked":
        about["url"] = "https://example.org/"
    if type_ == "email.bounced":
        about["kind"] = rng.choice(("soft", "soft", "soft", "hard"))
    if type_ in ("email.sent", "email.delivered") and rng.random() < 0.5:
        about["purpose"] = rng.choice(_PURPOSES)
    if rng.random() < 0.2:
        about["team"] = "youth"
    if type_ == "email.sent" and rng.random() < 0.3:
        about["experiment"] = _arm(rng)
    return "email-events", type_, about


def _assignment(rng: Random) -> Happening:
    return "outreach-events", "experiment.assigned", {"experiment": _arm(rng)}


def _arm(rng: Random) -> Experiment:
    """Mostly the same variant, or nearly everybody would be given both."""
    return {"id": f"e-{rng.randrange(3)}", "variant": "A" if rng.random() < 0.9 else "B"}


def _leaving(rng: Random) -> Happening:
    about: Fields = {"list_id": rng.choice(("news", "asks"))} if rng.random() < 0.5 else {}
    return "email-events", rng.choice(("email.unsubscribed", "email.unsubscribed", "email.complained")), about


def _suppression(rng: Random) -> Happening:
    until = TimeFormat.LOCAL_SECONDS.write(_FIRST_END + rng.randrange(_ENDS) * DAY)
    return "contact-commands", "contact.suppressed", {"until": until} if rng.random() < 0.5 else {}


_ALL: tuple[Callable[[Random], Happening], ...] = (
    *(_email,) * 8,
    *(_report,) * 4,
    *(_text, _text, _gift, _gift, _refund, _wish, _wish, _form, _leaving, _stop, _suppression, _assignment),
)
