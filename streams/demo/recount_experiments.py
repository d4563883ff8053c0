"""The oracle's recount of experiments: the variant of each person, their outcomes, and the sums over all people.

Slower than the fold on purpose: each figure of each person is looked for among all interactions. It takes for granted
that all were received within a week, as in the demo and in the tests.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypedDict

from streams.demo.recount import CountedEvent, Profile, is_of_one_purpose, of_type, text_of
from streams.demo.recount_humans import thousandths

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Definition(TypedDict, total=False):
    """The settings of an experiment that decide how people are counted; times in ms since 1970, absent ones default."""

    window_ms: int
    currency: str
    winsorise: int
    covariate_days: int
    start: int | None
    end: int | None
    rollout: int | None


class Person(TypedDict):
    """One person in one experiment. `metrics`: outcome, the same before assignment, and the outcome as it was."""

    variant: str
    day: int
    contaminated: bool
    metrics: dict[str, tuple[int, int, int]]


class Sums(TypedDict):
    """The sums of one metric over people: outcomes `y`, covariates `x`, their squares and products, `raw` outcomes.

    `yd`: outcomes of those who were spoken to.
    """

    y: int
    yy: int
    x: int
    xx: int
    xy: int
    yd: int
    raw: int


class Arm(TypedDict):
    """The people and sums of one variant."""

    n: int
    contaminated: int
    metrics: dict[str, Sums]


def experiments(told: list[CountedEvent]) -> list[Profile]:
    """The section `experiments`. `told` has one version of each report."""
    return [_shown(name, arms) for name, arms in sorted(_arms(told).items())]


def _shown(name: str, arms: list[CountedEvent]) -> Profile:
    shown: Profile = {"id": name, "variant": _variant(arms[0]), "assigned_at": text_of(arms[0].at)}
    return shown | {"contaminated": True} if _is_mixed(arms) else shown


def _arms(told: list[CountedEvent]) -> dict[str, list[CountedEvent]]:
    """The interactions that carry each experiment, in order, without those of messages that were dropped."""
    dropped = {one.fields["message_id"] for one in of_type(told, "email.dropped")}
    found: dict[str, list[CountedEvent]] = {}
    for one in told:
        is_mail = one.type.startswith("email.") and "message_id" in one.fields
        if one.fields.get("experiment") is None or (is_mail and one.fields["message_id"] in dropped):
            continue
        found.setdefault(one.fields["experiment"]["id"], []).append(one)
    return found


def _variant(one: CountedEvent) -> str:
    return one.fields["experiment"]["variant"]


def _is_mixed(arms: list[CountedEvent]) -> bool:
    return len({_variant(one) for one in arms}) > 1


def person(told: list[CountedEvent], definitions: Mapping[str, Definition]) -> dict[str, Person]:
    """The contribution of one person to each experiment. `told` has one version of each gift, refund and report."""
    found = {}
    for name, arms in _arms(told).items():
        definition = definitions.get(name, {})
        if _is_in_time(arms[0].at, definition):
            found[name] = _person(told, arms, definition)
    return found


def _is_in_time(at: datetime, definition: Definition) -> bool:
    start, end, rollout = definition.get("start"), definition.get("end"), definition.get("rollout")
    if start is not None and at < _moment(start):
        return False
    return all(limit is None or at < _moment(limit) for limit in (end, rollout))


def _moment(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _person(told: list[CountedEvent], arms: list[CountedEvent], definition: Definition) -> Person:
    at = arms[0].at
    until = at + timedelta(milliseconds=definition.get("window_ms", 7 * 86_400_000))
    today = _whole(at, _DAY)
    before = today - definition.get("covariate_days", 28) * _DAY
    most = definition.get("winsorise", 500_000)
    found = {}
    for metric, outcome in _outcomes(told, definition.get("currency", "USD")).items():
        by_hour = metric in ("opened", "clicked")
        raw = outcome(_whole(at, _HOUR), _whole(until, _HOUR)) if by_hour else outcome(at, until)
        earlier = outcome(before, today)
        figures = (raw, earlier, raw)
        if metric == "net_amount":
            figures = (_limited(raw, most), _limited(earlier, most), raw)
        found[metric] = figures
    day = (today - _EPOCH) // _DAY
    return {"variant": _variant(arms[0]), "day": day, "contaminated": _is_mixed(arms), "metrics": found}


def _whole(at: datetime, step: timedelta) -> datetime:
    return at - (at - _EPOCH) % step


def _limited(amount: int, most: int) -> int:
    return most if amount > most else -most if amount < -most else amount


_Outcome = Callable[[datetime, datetime], int]
"""The outcome of a metric from a moment on, up to but without another one."""


def _outcomes(told: list[CountedEvent], currency: str) -> dict[str, _Outcome]:
    """The outcome function of each metric."""

    def any_of(*which: CountedEvent) -> _Outcome:
        return lambda since, until: int(any(since <= one.at < until for one in which))

    def acts(type_: str) -> _Outcome:
        each = [(one.at, thousandths(one, told)) for one in of_type(told, type_)]
        return lambda since, until: min(1_000, sum(milli for at, milli in each if since <= at < until))

    reports = of_type(told, "canvass.reported")
    return {
        "opened": acts("email.opened"),
        "clicked": acts("email.clicked"),
        "replied": any_of(*of_type(told, "text.replied")),
        "donated": any_of(*of_type(told, "donation.made")),
        "net_amount": lambda since, until: sum(amount for at, amount in _money(told, currency) if since <= at < until),
        "contacted": any_of(*(one for one in reports if one.fields["outcome"] == "contacted")),
        "support": lambda since, until: _support([one for one in reports if since <= one.at < until]),
        "voted": any_of(*(one for one in of_type(told, "ballot.reported") if one.fields["status"] == "voted")),
        "unsubscribed": any_of(*(one for one in told if _walks_away(one))),
        "complained": any_of(*of_type(told, "email.complained")),
    }


def _money(told: list[CountedEvent], currency: str) -> list[tuple[datetime, int]]:
    """Gifts and refunds in one currency, a refund at the time of its gift if that is known."""
    gifts = of_type(told, "donation.made")
    moves = [(one.at, one.fields["amount"]) for one in gifts if one.fields["currency"] == currency]
    for refund in of_type(told, "donation.refunded"):
        at = refund.at
        for one in gifts:
            if one.fields["donation_id"] == refund.fields.get("donation_id"):
                at = one.at
        if refund.fields["currency"] == currency:
            moves.append((at, -refund.fields["amount"]))
    return moves


def _support(reports: list[CountedEvent]) -> int:
    said = [one.fields["support"] for one in reports if one.fields.get("support") is not None]
    return int(bool(said) and said[-1] in (1, 2))


def _walks_away(one: CountedEvent) -> bool:
    if one.type == "consent.changed":
        of_all = one.fields.get("list_id") is None and one.fields.get("sender") is None
        return of_all and not one.fields["granted"] and not is_of_one_purpose(one)
    return one.type in ("email.unsubscribed", "text.opted_out")


def added_up(people: Iterable[Mapping[str, Person]]) -> dict[str, dict[str, Arm]]:
    """The sums over all people, by experiment and variant."""
    found: dict[str, dict[str, Arm]] = {}
    for each in people:
        for name, one in each.items():
            arms = found.setdefault(name, {})
            arm = arms.setdefault(one["variant"], {"n": 0, "contaminated": 0, "metrics": {}})
            arm["n"] += 1
            arm["contaminated"] += one["contaminated"]
            for metric, (y, x, raw) in one["metrics"].items():
                sums = arm["metrics"].setdefault(metric, {"y": 0, "yy": 0, "x": 0, "xx": 0, "xy": 0, "yd": 0, "raw": 0})
                sums["y"] += y
                sums["yy"] += y**2
                sums["x"] += x
                sums["xx"] += x**2
                sums["xy"] += x * y
                sums["raw"] += raw
                if one["metrics"]["contacted"][0]:
                    sums["yd"] += y
    return found
