"""Results, reports and observations made by chance with a fixed seed, with all that can be remarked of any of them."""

from collections.abc import Callable
from random import Random
from typing import Any, cast

from events.experiment_results import ExperimentResult
from events.experiments.metrics import METRICS
from streams.domain.quarantine.held_records import ListedSource
from streams.history.daily_report.figures import (
    CanvassResults,
    CurrencyTotals,
    DailyReport,
    DayFigures,
    EventAttendance,
    HeldBackCount,
    MailboxProvider,
    MoneyPart,
    Pledges,
    SendResults,
)
from streams.history.insights.known_values import TimeRange
from streams.operations.refused_records import MostlyRefused
from streams.operations.status.observations import (
    KafkaObservation,
    Observations,
    RedisObservation,
    SinkPosition,
    TopicFlow,
)

VARIANTS = ("control", "A", "a, b", "x (3 people), y", "naïve – é", "50.00 %")
WHYS = (
    "fewer than 100 people in one of the two",
    "too few people with this outcome so far, or without it",
    "not known any more: opens and clicks are kept for 400 days",
    "a reason that only another version knows",
)
UNDEFINED = "nobody has defined the experiment, so no parts are planned"
OWN = (
    "UNPLANNED VARIANT: A (3 people), b, c (1,234 people): not in the definition, so not in the check of the split",
    (
        f"SPLIT NOT CHECKED: {UNDEFINED}. People are in A 49.98 %, b 0.05 %: if that is not as you meant it, trust no "
        "difference. Say what is planned with `harmonia experiments define`, and everybody so far is checked as well"
    ),
    (
        "SPLIT NOT CHECKED: some strata have a split of their own, so there is none for all. People are in A 49.98 %, "
        "B 49.98 % and 3 more: if that is not as you meant it, trust no difference"
    ),
    "NOT A GUARDRAIL: opened, donated: only unsubscribed, complained can be watched",
    "A sentence that only another version knows.",
)
TOPICS = ("donation-events", "contact-commands", "contact-state", "interactions", "experiment-results")
Away = Callable[[str], Any]


def a_result(rng: Random) -> ExperimentResult:
    """A result of some variants and metrics; figures need not fit together."""
    variants = rng.sample(VARIANTS, rng.randint(1, 4))
    baseline, *others = variants
    metrics = [*rng.sample(METRICS, rng.randint(1, 4)), *(["joined"] if rng.random() < 0.2 else [])]
    pairs = [(metric, variant) for metric in metrics for variant in others]
    ratio: dict[str, Any] = {"p_always_valid": rng.random(), "broken": rng.random() < 0.3}
    if rng.random() < 0.7:
        ratio["planned"] = {name: 1 / len(variants) for name in variants if rng.random() < 0.9}
    else:
        ratio["not_checked"] = UNDEFINED
    made = {
        "experiment": "x",
        "as_of": "2026-02-11T17:30:04.250Z",
        "status": rng.choice(["running", "ended", "recounting"]),
        "contaminated": rng.randint(0, 5_000),
        "currency": rng.choice(["USD", "EUR", "JPY", "KWD", None]),
        "variants": {name: _variant(rng, metrics) for name in variants},
        "comparisons": [_comparison(rng, *pair, baseline, part) for pair in pairs for part in (False, True)],
        "sample_ratio": ratio,
        "guardrails": [
            {**_comparison(rng, metric, name, baseline, False), "breached": rng.random() < 0.4}
            for metric in ("unsubscribed", "complained", "strange")
            for name in others
        ],
        "withheld": [
            {"metric": metric, "variant": name, "why": rng.choice(WHYS)} for metric, name in pairs if rng.random() < 0.5
        ],
        "warnings": rng.sample(OWN, rng.randint(0, 2)),
        "primary": metrics[0],
        "baseline": baseline,
        "window_s": rng.choice([3_600, 5_400, 86_400, 604_800, 90_000]),
    }
    return cast(ExperimentResult, made)


def _variant(rng: Random, metrics: list[str]) -> dict[str, Any]:
    people = rng.choice([0, 1, rng.randint(3, 2_000), rng.randint(1_000, 10**6)])
    found = {
        name: {"sum": rng.randint(-5, 10**6), "mean": rng.choice([None, rng.random() * 1_000])} for name in metrics
    }
    return {"assigned": people, "closed": people // 2, "metrics": found}


def _comparison(rng: Random, metric: str, variant: str, baseline: str, provisional: bool) -> dict[str, Any]:
    effect = rng.choice([rng.uniform(-0.1, 0.1), rng.uniform(-1e-5, 1e-5), rng.uniform(-2_000, 2_000), 0.0, -0.0])
    half = rng.choice([abs(rng.gauss(0, 0.05)), rng.uniform(0, 3_000)])
    return {
        "metric": metric,
        "variant": variant,
        "baseline": baseline,
        "effect": effect,
        "low": effect - half,
        "high": effect + half,
        "level": 0.95,
        "p_always_valid": rng.random(),
        "e_value": 1.0,
        "discovery": rng.random() < 0.3,
        "provisional": provisional,
    }


def a_report(rng: Random) -> DailyReport:
    """A daily report; figures need not fit together."""
    return DailyReport(
        rng.choice(["America/New_York", "UTC", "Europe/Paris"]),
        rng.randint(0, 2 * 10**12),
        _day(rng, "2012-11-13"),
        _day(rng, "2012-11-06"),
        lake=rng.random() < 0.7,
        known=rng.choice([None, TimeRange(rng.randint(0, 10**12), rng.randint(10**12, 2 * 10**12))]),
        refused=rng.choice([None, tuple(_refused(rng) for _ in range(rng.randint(0, 9)))]),
        quarantines=rng.choice([None, tuple(_held(rng) for _ in range(rng.randint(0, 9)))]),
    )


def _count(rng: Random, most: int = 3_000) -> int:
    return rng.choice([0, 1, 2, rng.randint(0, most), rng.randint(0, most * 100)])


def _name(rng: Random) -> str | None:
    return rng.choice([None, "ask-1", "a\x1bb", "très long " * 5, "x{y}", "50%", "turf-12"])


def _currency(rng: Random) -> str:
    return rng.choice(["USD", "EUR", "JPY", "KWD", "CHF"])


def _day(rng: Random, date: str) -> DayFigures:
    def n(most: int = 3_000) -> int:
        return _count(rng, most)

    def parts() -> tuple[MoneyPart, ...]:
        some = range(rng.choice([0, 2, 14]))
        return tuple(MoneyPart(_name(rng), _currency(rng), n(), n(10**7), n(10**7)) for _ in some)

    currencies = rng.sample(["USD", "EUR", "JPY"], rng.randint(0, 3))
    ways = rng.sample([None, "door", "phone", "text", "odd"], rng.randint(0, 4))
    return DayFigures(
        date=date,
        money=tuple(CurrencyTotals(each, n(), n(10**6), n(10**6), n(), n()) for each in currencies),
        refcodes=parts(),
        committees=parts(),
        pledges=Pledges(n(), n(), n(), n(), n(), n()),
        sends=tuple(_send(rng) for _ in range(rng.choice([0, 2, 14]))),
        providers=tuple(
            MailboxProvider(rng.choice([None, "gmail", "yahoo"]), n(), n(), n(30)) for _ in range(rng.choice([0, 3]))
        ),
        methods=tuple(CanvassResults(way, n(), n(), n()) for way in ways),
        turfs=tuple(CanvassResults(_name(rng), n(), n(), n()) for _ in range(rng.choice([0, 3, 14]))),
        meetings=tuple(EventAttendance(f"e{each}", n(), n(50), n(50), n()) for each in range(rng.choice([0, 3]))),
        held=rng.choice([None, tuple(_held_back(rng) for _ in range(rng.randint(0, 14)))]),
    )


def _send(rng: Random) -> SendResults:
    channels = tuple(rng.sample(["email", "text", "strange"], rng.randint(0, 3)))
    raised = {_currency(rng): _count(rng, 10**7) for _ in range(rng.randint(0, 3))}
    delivered, clicks, left, complaints, sent = (_count(rng) for _ in range(5))
    return SendResults(_name(rng), channels, delivered, clicks * 1_000, left, complaints, raised, sent)


def _held_back(rng: Random) -> HeldBackCount:
    decision, reason = rng.choice(["deny", "defer", "new"]), rng.choice(["hard_bounced", "cap", "hours", "a_new_one"])
    return HeldBackCount(decision, reason, rng.choice([None, "email", "fax"]), _count(rng), _count(rng))


def _refused(rng: Random) -> MostlyRefused:
    return MostlyRefused("finance/actblue", "donation.made", _count(rng), _count(rng))


def _held(rng: Random) -> ListedSource:
    since, until = rng.choice([(None, None), ("2012-03-01T11:00:00.000Z", "2012-03-01T12:16:59.999Z")])
    return ListedSource(f"s{_count(rng, 9)}", since, until, rng.random() < 0.5, _count(rng))


def observations(rng: Random, away: Away) -> Observations:
    """An observation of a deployment. `away`: what is observed of a server that is away, from a text."""
    kafka: Any = KafkaObservation(
        "Stable",
        rng.randint(0, 2),
        [_flow(rng) for _ in range(3)],
        {"invalid_data": _count(rng), "no_time": _count(rng)},
        _count(rng),
        rng.sample(TOPICS, rng.choice([0, 0, 2])),
        [_refused(rng) for _ in range(rng.choice([0, 1, 7]))],
        [_held(rng) for _ in range(rng.choice([0, 1, 7]))],
    )
    positions = [
        SinkPosition("redis", rng.choice(TOPICS), rng.choice([None, rng.uniform(0, 99)]), rng.randint(0, 2), {0: 5})
        for _ in range(3)
    ]
    redis: Any = RedisObservation(rng.uniform(0.7, 1), positions)
    return Observations(
        rng.randint(0, 10**12),
        away("Kafka: away") if rng.random() < 0.1 else kafka,
        away("Redis: away") if rng.random() < 0.1 else redis,
        rng.choice([None, rng.uniform(0.7, 1)]),
        away("HARMONIA_POLICY is broken") if rng.random() < 0.3 else None,
    )


def _flow(rng: Random) -> TopicFlow:
    stalled = rng.sample(range(9), rng.randint(0, 3))
    lag, waits, unowned, grows = _count(rng, 10**5), rng.uniform(0, 200), rng.randint(0, 3), rng.random() < 0.5
    return TopicFlow(rng.choice(TOPICS), 8, lag, waits, stalled, unowned, grows)
