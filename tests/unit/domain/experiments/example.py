"""Results as the experiments agent writes them: the contract's example, and one with all that a strategist may meet."""

from typing import Any, cast

from events.experiment_results import Comparison, ExperimentResult, Metric, Variant
from events.times import parse_time, render_time
from streams.domain.experiments.comparison_history import with_history

CONTRACTS: ExperimentResult = {
    "experiment": "x12",
    "as_of": "2026-02-03T18:00:00.000Z",
    "status": "running",
    "contaminated": 3,
    "currency": "USD",
    "variants": {
        "A": {
            "assigned": 1000,
            "metrics": {"donated": {"sum": 41, "mean": 0.041}, "net_amount": {"sum": 120500, "mean": 120.5}},
        }
    },
    "comparisons": [
        {
            "metric": "donated",
            "variant": "B",
            "baseline": "A",
            "effect": 0.004,
            "low": -0.01,
            "high": 0.02,
            "level": 0.95,
            "p_always_valid": 0.4,
            "e_value": 0.9,
            "discovery": False,
            "provisional": False,
        }
    ],
    "sample_ratio": {"p_always_valid": 0.8, "broken": False},
    "guardrails": [],
}
START = 1_769_961_600_000
"""2026-02-01T16:00Z."""
HOUR, DAY = 3_600_000, 86_400_000


def variant(assigned: int, closed: int, **sums: int) -> Variant:
    metrics = {name: Metric(sum=total, mean=total / assigned if assigned else None) for name, total in sums.items()}
    return {"assigned": assigned, "closed": closed, "metrics": metrics}


def comparison(metric: str, against: str, low: float, high: float, **more: Any) -> Comparison:
    """Its effect is in the middle."""
    found = {
        "metric": metric,
        "variant": against,
        "baseline": "control",
        "effect": (low + high) / 2,
        "low": low,
        "high": high,
        "level": 0.95,
        "p_always_valid": 0.2,
        "e_value": 1.4,
        "discovery": False,
        "provisional": False,
        "people": 9_600,
    }
    return cast(Comparison, found | more)


def gotv(**changed: Any) -> ExperimentResult:
    """A mailing of three letters, ten days old: one of them wins, another annoys people."""
    made = {
        "experiment": "gotv-subject-lines",
        "as_of": "2026-02-11T17:30:04.250Z",
        "status": "running",
        "contaminated": 41,
        "currency": "USD",
        "unit": "contact",
        "baseline": "control",
        "primary": "donated",
        "window_s": 604_800,
        "winsorised_at": 500_000,
        "definition": "5f0c1e",
        "variants": {
            "control": variant(
                *(8_012, 4_803),
                opened=1_923_400,
                clicked=210_300,
                donated=305,
                net_amount=1_204_550,
                unsubscribed=16,
            ),
            "deadline": variant(
                *(7_981, 4_790),
                opened=2_075_060,
                clicked=231_900,
                donated=391,
                net_amount=1_761_225,
                unsubscribed=18,
            ),
            "from a neighbour": variant(
                *(8_020, 4_811),
                opened=2_566_400,
                clicked=232_100,
                donated=318,
                net_amount=1_230_075,
                unsubscribed=47,
            ),
        },
        "comparisons": [
            comparison("opened", "deadline", 2.1, 37.9),
            comparison("opened", "from a neighbour", 61.4, 98.8, e_value=8_700.0),
            comparison("clicked", "deadline", -4.4, 9.8),
            comparison("clicked", "from a neighbour", -4.1, 9.3),
            comparison("donated", "deadline", 0.0021, 0.0193, discovery=True, raw_effect=0.0112, e_value=212.0),
            comparison("donated", "deadline", 0.0038, 0.0184, provisional=True, people=15_993),
            comparison("donated", "from a neighbour", -0.0071, 0.0097),
            comparison("donated", "from a neighbour", -0.0052, 0.0084, provisional=True, people=16_032),
            comparison("net_amount", "deadline", 8.6, 131.0),
            comparison("net_amount", "from a neighbour", -48.0, 57.5),
        ],
        "sample_ratio": {
            "p_always_valid": 1.0,
            "broken": False,
            "planned": {"control": 1 / 3, "deadline": 1 / 3, "from a neighbour": 1 / 3},
        },
        "guardrails": [
            guardrail("deadline", 0.0003, -0.0016, breached=False),
            guardrail("from a neighbour", 0.0039, 0.0014, breached=True),
        ],
        "withheld": [],
        "contacted": [],
        "warnings": [],
    }
    return cast(ExperimentResult, made | changed)


def doors(**changed: Any) -> ExperimentResult:
    """Doors by household: a broken split, too few turfs, and people who were not at home."""
    made = {
        "experiment": "doors-phx",
        "as_of": "2026-02-05T02:11:40.000Z",
        "status": "recounting",
        "contaminated": 260,
        "currency": None,
        "unit": "household",
        "baseline": "nothing",
        "primary": "voted",
        "window_s": 1_209_600,
        "definition": "a01",
        "variants": {
            "nothing": variant(2_410, 0, contacted=0, voted=940, net_amount=-3_000),
            "knock": variant(2_790, 0, contacted=795, voted=1_171, net_amount=0),
        },
        "comparisons": [
            comparison("voted", "knock", -0.004, 0.0632, baseline="nothing", provisional=True, people=5_200),
        ],
        "sample_ratio": {"p_always_valid": 0.0001, "broken": True, "planned": {"nothing": 0.5, "knock": 0.5}},
        "guardrails": [],
        "withheld": [
            {"metric": "net_amount", "variant": "knock", "why": "fewer than 40 households in a variant"},
        ],
        "contacted": [
            {
                "metric": "voted",
                "variant": "knock",
                "baseline": "nothing",
                "contact_rate": 0.285,
                "baseline_contact_rate": 0.0,
                "effect": 0.104,
                "low": -0.014,
                "high": 0.222,
                "level": 0.95,
                "provisional": True,
            }
        ],
    }
    return cast(ExperimentResult, made | changed)


def watched(result: ExperimentResult, looks: int = 120) -> ExperimentResult:
    """The result after so many looks, two hours apart: wide intervals at first, provisional for a week."""
    told: ExperimentResult | None = None
    ends = result["comparisons"]
    for look in range(1, looks + 1):
        width = (looks / look) ** 0.6
        drift = 0.002 * (look % 7 - 3) / look**0.5
        now = [_as_it_was(each, width, drift, provisional=look < looks * 0.6) for each in ends]
        at = render_time((parse_time(result["as_of"]) or 0) - (looks - look + 1) * 2 * HOUR)
        told = with_history(told, {**result, "as_of": at, "comparisons": now})
    return with_history(told, result)


def _as_it_was(end: Comparison, width: float, drift: float, *, provisional: bool) -> Comparison:
    half = (end["high"] - end["low"]) / 2 * width
    effect = end["effect"] + drift
    return {**end, "effect": effect, "low": effect - half, "high": effect + half, "provisional": provisional}


def guardrail(against: str, effect: float, low: float, *, breached: bool) -> dict[str, Any]:
    return {
        "metric": "unsubscribed",
        "variant": against,
        "baseline": "control",
        "effect": effect,
        "low": low,
        "p_always_valid": 0.0004 if breached else 1.0,
        "breached": breached,
    }
