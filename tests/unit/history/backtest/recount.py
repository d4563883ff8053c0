"""A recount of a backtest by brute force: from what producers sent, the contract and the policy file.

Nothing here knows the fold, the profile, the decision, or the tally: for each touch the past before it is recounted by
the demo's oracle, and the policy is a dictionary of the file's words.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from math import floor
from typing import Any, NamedTuple

from streams.demo.oracle import profile_of
from streams.demo.recount import moment
from streams.demo.truth import ContactFields, Sent

PolicyWords = Mapping[str, Any]
POINTS = {"door": 3000, "phone": 2000, "text": 1500, "letter": 500, "email": 1000}
KINDS = {"email": "email", "text": "phone", "phone": "phone"}
BAD = ["ok", "soft_bouncing", "wrong_number", "hard_bounced", "complained"]
SHOWN_BY = {"email.sent": "email", "email.delivered": "email", "text.sent": "text", "text.delivered": "text"}
KILLED_BY = {"email.bounced": "email", "email.dropped": "email", "text.failed": "text"}
REACHED = ("contacted", "refused", "left_message", "language_barrier")


class Asked(NamedTuple):
    """A touch, whose it was, and what the past before it was."""

    person: str
    sent: Sent
    at: datetime
    channel: str
    purpose: str
    known: Any


class Answer(NamedTuple):
    decision: str
    reason: str


def effective(sent: Iterable[Sent]) -> list[Sent]:
    """Each once, nothing that was taken back, in order."""
    once: dict[tuple[str, str], Sent] = {}
    for one in sent:
        once.setdefault((one.source, one.id), one)
    gone = {
        (one.fields["retracts"]["source"], one.fields["retracts"]["id"])
        for one in once.values()
        if one.type == "interaction.retracted"
    }
    left = [one for name, one in once.items() if name not in gone and one.type != "interaction.retracted"]
    return sorted(left, key=lambda one: (moment(one.time), one.source, one.id))


def touches_of(told: list[Sent]) -> list[tuple[Sent, str]]:
    """With their channels: of a message the first word, unless it came back; of doors and letters one a day."""
    dead = {(KILLED_BY[one.type], one.fields["message_id"]) for one in told if one.type in KILLED_BY}
    seen: set[object] = set()
    reports: set[str] = set()
    found = []
    for one in told:
        if one.type in SHOWN_BY:
            message = SHOWN_BY[one.type], one.fields["message_id"]
            if message not in seen and message not in dead:
                found.append((one, message[0]))
            seen.add(message)
        elif one.type == "canvass.reported":
            name = one.fields.get("report_id")
            if name in reports:
                continue
            if name is not None:
                reports.add(name)
            method = one.fields["method"]
            day = method, moment(one.time).date()
            if (
                one.fields["outcome"] in REACHED
                and method in POINTS
                and (method in ("phone", "text") or day not in seen)
            ):
                seen.add(day)
                found.append((one, method))
    return found


def everything_asked(sent: Iterable[Sent], identify: Callable[[ContactFields], str]) -> list[Asked]:
    by_person: dict[str, list[Sent]] = {}
    for one in sent:
        by_person.setdefault(identify(one.contact), []).append(one)
    found = []
    for person, all_of_it in by_person.items():
        told = effective(all_of_it)
        for one, channel in touches_of(told):
            before = told[: told.index(one)]
            known = profile_of(person, before, identify) if before else None
            purpose = (one.fields.get("purpose") or "informational") if one.type in SHOWN_BY else "informational"
            found.append(Asked(person, one, moment(one.time), channel, purpose, known))
    return found


def answer(policy: PolicyWords, asked: Asked) -> Answer:
    """By the order of the checks in docs/policy.md."""
    known, transactional = asked.known, asked.purpose == "transactional"
    if known is not None and (why := closed(policy, asked)):
        return Answer("deny", why)
    status = address(asked)
    if status in ("wrong_number", "hard_bounced", "complained"):
        return Answer("deny", status)
    if transactional:
        named = policy["transactional"]["sources"]
        may = asked.sent.source in named or asked.sent.team in policy["transactional"].get("teams", [])
        return Answer("allow", "transactional") if may else Answer("deny", "transactional_not_allowed")
    if known is None and policy["unknown"][asked.channel] == "deny":
        return Answer("deny", "unknown_contact")
    if known is not None:
        if status == "soft_bouncing":
            return Answer("defer", "soft_bouncing")
        if why := unsuitable(policy, asked):
            return Answer("deny", why)
        if status is None and policy["unknown"][asked.channel] == "deny":
            return Answer("deny", "unknown_address")
        if why := limited(policy, asked):
            return Answer("defer", why)
    return Answer("allow", "ok")


def closed(policy: PolicyWords, asked: Asked) -> str | None:
    stops, sent = asked.known["stops"], asked.sent
    everything = stops.get("all")
    if everything is not None:
        until = everything.get("until")
        if until is None or moment(until) > asked.at:
            return str(everything["reason"])
    if asked.channel in stops:
        return str(stops[asked.channel]["reason"])
    if asked.known["consent"].get(asked.channel) is False:
        return "no_consent"
    sender, list_ = sent.fields.get("sender"), sent.fields.get("list_id")
    if stops["senders"] and ((sender is None and asked.channel == "text") or sender in stops["senders"]):
        return "sender_stopped"
    unnamed = list_ is None and asked.channel == "email" and asked.purpose != "transactional"
    if stops["lists"] and (unnamed or list_ in stops["lists"]):
        return "list_stopped"
    return None


def address(asked: Asked) -> str | None:
    """The status of the best of the person's addresses for the channel; None: none is known."""
    if asked.channel not in KINDS or asked.known is None:
        return "ok"
    kind = KINDS[asked.channel]
    return min(
        (each["status"] for each in asked.known["addresses"] if each["channel"] == kind), key=BAD.index, default=None
    )


def unsuitable(policy: PolicyWords, asked: Asked) -> str | None:
    if asked.purpose == "mobilisation":
        if asked.known["canvass"]["support"] in policy["mobilisation"]["support"]:
            return "opposed"
        for election in policy["elections"]["current"]:
            ballot = asked.known["ballot"].get(election)
            if ballot is not None and ballot["status"] in policy["mobilisation"]["ballot"]:
                return "voted"
    if asked.purpose == "fundraising":
        most = policy["giving"]["limits"]["any"]["any"]
        current = policy["elections"]["current"]
        for committee in asked.known["donations"]["by_committee"].values():
            for election, given in committee["elections"].items():
                if election in current and any(given.get(currency, 0) >= limit for currency, limit in most.items()):
                    return "maxed_out"
    return None


def limited(policy: PolicyWords, asked: Asked) -> str | None:
    before = [each for each in asked.known["touches"] if each["purpose"] != "transactional"]
    on_channel = [each for each in before if each["channel"] == asked.channel]
    for name, touches in ((asked.channel, on_channel), ("any", before)):
        for cap in policy["caps"][name]:
            purpose = cap.get("purpose")
            if purpose in (None, asked.purpose):
                counted = [each for each in touches if purpose is None or each["purpose"] == purpose]
                if within(counted, cap["window"], asked.at) >= cap["at_most"]:
                    return "cap_across_channels" if name == "any" else "cap"
    gaps = policy["gaps"]
    others = [each for each in before if each["team"] != asked.sent.team]
    elsewhere = [each for each in before if each["channel"] != asked.channel]
    for reason, gap, touches in (
        ("gap", gaps[asked.channel], on_channel),
        ("gap_across_teams", gaps["across_teams"], others),
        ("gap_across_channels", gaps["across_channels"], elsewhere),
    ):
        if within(touches, gap, asked.at):
            return reason
    weights = [POINTS[each["channel"]] * 2 ** -(age(each, asked.at) / timedelta(days=7)) for each in before]
    if sum(floor(weight + 0.5) for weight in weights) + POINTS[asked.channel] > policy["points"]["budget"]:
        return "pressure"
    return None


def within(touches: Iterable[Mapping[str, Any]], window: str, at: datetime) -> int:
    return sum(age(each, at) < span(window) for each in touches)


def age(touch: Mapping[str, Any], at: datetime) -> timedelta:
    return at - datetime.fromisoformat(touch["at"]).astimezone(UTC)


def span(text: str) -> timedelta:
    return int(text[:-1]) * {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}[text[-1]]


class Followed(NamedTuple):
    """Of some touches of one person."""

    gifts: frozenset[tuple[str, str, int]]
    left: bool
    complained: bool


def followed(sent: Iterable[Sent], times: Iterable[datetime]) -> Followed:
    """Within 7 days after any of these times: gifts, each once, and words that they want no more."""
    told = effective(sent)
    first: dict[str, Sent] = {}
    for one in told:
        if one.type == "donation.made":
            first.setdefault(one.fields["donation_id"], one)
    gifts = [one for one in first.values() if one.fields.get("instalment", 1) <= 1]
    left = [one for one in told if one.type in ("email.unsubscribed", "text.opted_out")]
    left += [one for one in told if one.type == "consent.changed" and not one.fields["granted"]]
    complained = [one for one in told if one.type == "email.complained"]
    spans = [(at, at + timedelta(days=7)) for at in times]

    def after(these: list[Sent]) -> list[Sent]:
        return [one for one in these if any(start < moment(one.time) <= end for start, end in spans)]

    given = frozenset((one.id, one.fields["currency"], one.fields["amount"]) for one in after(gifts))
    return Followed(given, bool(after(left)), bool(after(complained)))
