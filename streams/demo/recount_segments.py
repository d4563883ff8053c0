"""The oracle's answer to who is in a segment: from raw interactions, the table of the definition, and a moment.

It reads definitions as their authors write them and looks for each figure among all interactions of a person anew. Of
opens and clicks it takes for granted that all about one message were received within a week, as the oracle of profiles.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from streams.demo.recount import CountedEvent, consent, of_type, zones
from streams.demo.recount import ballot as ballots
from streams.demo.recount import canvass as canvassing
from streams.demo.recount import tags as tags_of
from streams.demo.recount_addresses import addresses
from streams.demo.recount_experiments import experiments
from streams.demo.recount_humans import thousandths
from streams.demo.recount_stops import stops
from streams.demo.recount_touches import all_touches, listed_touches
from streams.demo.truth import ContactFields

Table = Mapping[str, Any]

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORGOTTEN = 400 * _DAY
_CHANNELS = ("email", "text", "phone", "door", "letter")


class Life(NamedTuple):
    """All that counts of one person, in order. `told`: every version; `first`: one of each gift, refund and report."""

    told: list[CountedEvent]
    first: list[CountedEvent]
    suppressions: list[CountedEvent]
    identify: Callable[[ContactFields], str]


class Asked(NamedTuple):
    """What does not depend on the person: all definitions by id, the policy's file, and the moment."""

    definitions: Mapping[str, Table]
    policy: Table
    at: datetime


def is_member(name: str, life: Life, asked: Asked) -> bool:
    """Whether a person is in a segment."""
    return _holds(asked.definitions[name], life, asked)


def _holds(table: Table, life: Life, asked: Asked) -> bool:
    if not {"all", "any", "none"} & set(table):
        return _condition(table, life, asked)
    for part in table.get("all", []):
        if not _holds(part, life, asked):
            return False
    for part in table.get("none", []):
        if _holds(part, life, asked):
            return False
    return "any" not in table or any(_holds(part, life, asked) for part in table["any"])


def _condition(table: Table, life: Life, asked: Asked) -> bool:
    for head, answer in _ANSWERS.items():
        if head in table:
            return answer(table, life, asked)
    raise KeyError(f"no condition is known by any of {sorted(table)}")


def _compares(table: Table, number: float) -> bool:
    return bool(
        number >= table.get("at_least", number)
        and number <= table.get("at_most", number)
        and ("above" not in table or number > table["above"])
        and ("below" not in table or number < table["below"])
        and number == table.get("is", number)
    )


def _span(text: str) -> timedelta:
    unit = {"m": timedelta(minutes=1), "h": _HOUR, "d": _DAY}[text[-1]]
    return int(text[:-1]) * unit


def _is_in(at: datetime, table: Table, asked: Asked) -> bool:
    """Whether something is younger than the window of a condition, which may have none."""
    return "within" not in table or asked.at - at < _span(table["within"])


def _gifts(table: Table, life: Life, asked: Asked) -> bool:
    currency = table.get("currency", None if table["gifts"] == "count" else "USD")
    gifts = of_type(life.first, "donation.made")
    counted = [
        one
        for one in gifts
        if _is_in(one.at, table, asked)
        and currency in (None, one.fields["currency"])
        and table.get("committee") in (None, one.fields.get("committee"))
    ]
    if table["gifts"] == "count":
        return _compares(table, len(counted))
    money = sum(one.fields["amount"] for one in counted)
    if table["gifts"] == "net":
        money -= sum(_refunds(table, life, asked, currency))
    return _compares(table, money)


def _refunds(table: Table, life: Life, asked: Asked, currency: str | None) -> Iterable[int]:
    for refund in of_type(life.first, "donation.refunded"):
        at, committee = refund.at, refund.fields.get("committee")
        for gift in of_type(life.first, "donation.made"):
            if gift.fields["donation_id"] == refund.fields.get("donation_id"):
                at, committee = gift.at, committee or gift.fields.get("committee")
        if (
            refund.fields["currency"] == currency
            and table.get("committee") in (None, committee)
            and _is_in(at, table, asked)
        ):
            yield refund.fields["amount"]


def _canvass(table: Table, life: Life, asked: Asked) -> bool:
    number = 0
    for one in of_type(life.first, "canvass.reported"):
        if table["canvass"] == "contacts" and one.fields["outcome"] != "contacted":
            continue
        if table.get("method") in (None, one.fields["method"]) and _is_in(one.at, table, asked):
            number += 1
    return _compares(table, number)


def _touches(table: Table, life: Life, asked: Asked) -> bool:
    number = 0
    for one in all_touches(life.first):
        if (
            _is_in(one.shown_by.at, table, asked)
            and table.get("channel") in (None, one.channel)
            and table.get("purpose") in (None, one.purpose)
            and table.get("team") in (None, one.shown_by.team)
        ):
            number += 1
    return _compares(table, number)


def _hour(at: datetime) -> datetime:
    return at - (at - _EPOCH) % _HOUR


def _opens(table: Table, life: Life, asked: Asked) -> bool:
    return _acts("email.opened", table["opens"], table, life, asked)


def _clicks(table: Table, life: Life, asked: Asked) -> bool:
    return _acts("email.clicked", table["clicks"], table, life, asked)


def _acts(type_: str, whose: str, table: Table, life: Life, asked: Asked) -> bool:
    counted = [one for one in of_type(life.first, type_) if _is_in(_hour(one.at), table, asked)]
    if whose == "all":
        return _compares(table, len(counted))
    return _compares(table, sum(thousandths(one, life.first) for one in counted) / 1_000)


def _unanswered(table: Table, life: Life, asked: Asked) -> bool:
    """An e-mail is answered if half an open or click is expected to be a person's from its hour on."""
    mails = [one for one in listed_touches(life.first) if one.channel == "email"][: table["unanswered_mails"]]
    if len(mails) < table["unanswered_mails"]:
        return False
    acts = [one for one in life.first if one.type in ("email.opened", "email.clicked")]
    for mail in mails:
        since = _hour(mail.shown_by.at)
        if asked.at - since >= _FORGOTTEN:
            return False
        if sum(thousandths(one, life.first) for one in acts if one.at >= since) >= 500:
            return False
    return True


def _support(table: Table, life: Life, asked: Asked) -> bool:
    return bool(canvassing(life.first)["support"] in table["support"])


def _tag(table: Table, life: Life, asked: Asked) -> bool:
    return table["tag"] in tags_of(life.first)


def _consent(table: Table, life: Life, asked: Asked) -> bool:
    return consent(life.first).get(table["consent"]) is table["is"]


def _region(table: Table, life: Life, asked: Asked) -> bool:
    return bool(zones(life.first)["region"] == table["region"])


def _postal_code(table: Table, life: Life, asked: Asked) -> bool:
    code = zones(life.first)["postal_code"]
    return isinstance(code, str) and bool(code.startswith(table["postal_code"]))


def _roll(field: str) -> Callable[[Table, Life, Asked], bool]:
    """Whether the last roll that says this of the person says so."""

    def answer(table: Table, life: Life, asked: Asked) -> bool:
        said: object = None
        for one in life.first:
            source = one.fields.get("provenance")
            if source is not None and source["kind"] == "voter_list" and source.get(field) is not None:
                said = source.get(field)
        return bool(said == table[field])

    return answer


def _ballot(table: Table, life: Life, asked: Asked) -> bool:
    found = ballots(life.first).get(table["ballot"])
    return found is not None and bool(found["status"] in table["status"])


def _experiment(table: Table, life: Life, asked: Asked) -> bool:
    for one in experiments(life.first):
        if one["id"] == table["experiment"]:
            return bool(table.get("variant") in (None, one["variant"]))
    return False


def _seen(table: Table, life: Life, asked: Asked) -> bool:
    if not life.told:
        return False
    return _is_in((life.told[0] if table["seen"] == "first" else life.told[-1]).at, table, asked)


def _segment(table: Table, life: Life, asked: Asked) -> bool:
    return is_member(table["segment"], life, asked)


def _channel(table: Table, life: Life, asked: Asked) -> bool:
    return _is_open(table["channel"], life, asked) is bool(table["is"] == "open")


def _is_open(channel: str, life: Life, asked: Asked) -> bool:
    closures = asked.policy["closures"]
    closed: Any = stops(life.first, life.suppressions)
    everything = closed.get("all")
    if everything is not None and not _is_over(everything.get("until"), asked.at):
        return False
    for other in _CHANNELS:
        if other in closed and (
            other == channel or channel in closures["also_closes"].get(closed[other]["reason"], [])
        ):
            return False
    agreed = consent(life.first)
    if agreed.get(channel) is False or (channel in closures["needs_consent"] and channel not in agreed):
        return False
    if channel == "text" and closed["senders"] and closures["sender_stop"] == "everyone":
        return False
    if channel == "email" and closed["lists"] and closures["list_stop"] == "everyone":
        return False
    return _is_reachable(channel, life, asked)


def _is_over(until: str | None, at: datetime) -> bool:
    return until is not None and datetime.fromisoformat(until) <= at


def _is_reachable(channel: str, life: Life, asked: Asked) -> bool:
    """Whether the best address of the person takes what is sent to it; letters and doors have none."""
    if channel in ("door", "letter"):
        return True
    kind = "email" if channel == "email" else "phone"
    statuses = {one["status"] for one in addresses(life.first, life.identify) if one["channel"] == kind}
    if not statuses:
        return bool(asked.policy["unknown"][channel] == "allow")
    if "ok" in statuses:
        return True
    return "soft_bouncing" in statuses and asked.policy["closures"]["soft_bouncing"] != "deny"


_ANSWERS: Mapping[str, Callable[[Table, Life, Asked], bool]] = {
    "gifts": _gifts,
    "canvass": _canvass,
    "touches": _touches,
    "opens": _opens,
    "clicks": _clicks,
    "unanswered_mails": _unanswered,
    "support": _support,
    "tag": _tag,
    "consent": _consent,
    "region": _region,
    "postal_code": _postal_code,
    "age_band": _roll("age_band"),
    "sex": _roll("sex"),
    "polling_station": _roll("polling_station"),
    "ballot": _ballot,
    "experiment": _experiment,
    "seen": _seen,
    "segment": _segment,
    "channel": _channel,
}
"""By the key that tells a condition from others; touches have a channel too, so that comes last."""
