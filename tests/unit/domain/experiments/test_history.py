from events.experiment_results import ExperimentResult, Moment
from events.times import render_time
from streams.domain.experiments.comparison_history import MAX_MOMENTS, MIN_MOMENTS, with_history, with_moment
from tests.unit.domain.experiments.example import START, comparison, gotv, watched


def moment(at: int, effect: float = 0.01) -> Moment:
    return {
        "as_of": render_time(at),
        "effect": effect,
        "low": effect - 0.02,
        "high": effect + 0.02,
        "people": 100,
        "provisional": False,
    }


def test_a_short_history_keeps_everything_but_more_than_one_a_minute() -> None:
    history: list[Moment] = []
    for second in (0, 61, 62, 119, 200):
        history = with_moment(history, moment(START + second * 1000, second))

    assert [each["effect"] for each in history] == [0, 119, 200]


def test_the_history_is_of_the_primary_metric_by_variant_and_of_closed_days_where_there_are() -> None:
    history = with_history(None, gotv())["history"]

    assert (history["metric"], history["baseline"], history["level"]) == ("donated", "control", 0.95)
    assert history["variants"].keys() == {"deadline", "from a neighbour"}
    [found] = history["variants"]["deadline"]
    assert (found["low"], found["high"], found["provisional"], found["people"]) == (0.0021, 0.0193, False, 9_600)


def test_a_changed_definition_metric_or_baseline_begins_anew() -> None:
    before = with_history(None, gotv())
    for changed in (
        gotv(definition="other"),
        gotv(primary="opened"),
        gotv(comparisons=[comparison("donated", "control", -0.1, 0.1, baseline="deadline")]),
    ):
        changed["as_of"] = "2026-02-12T17:30:00.000Z"
        assert all(len(each) == 1 for each in with_history(before, changed)["history"]["variants"].values())


def test_without_a_comparison_there_is_no_history_and_what_there_was_stays() -> None:
    nothing: ExperimentResult = gotv(comparisons=[])
    before = with_history(None, gotv())

    assert "history" not in with_history(None, nothing)
    assert with_history(before, nothing)["history"] == before["history"]


def test_neither_result_is_changed() -> None:
    before, after = watched(gotv()), gotv(as_of="2026-03-01T00:00:00.000Z")
    there = len(before["history"]["variants"]["deadline"])

    with_history(before, after)

    assert len(before["history"]["variants"]["deadline"]) == there
    assert "history" not in after


def test_of_many_variants_there_is_one_bound_together_or_a_few_of_each() -> None:
    two = watched(gotv(), looks=400)["history"]["variants"]
    names = [f"v{number}" for number in range(40)]
    many: ExperimentResult = {
        **gotv(comparisons=[comparison("donated", name, 0.0, 0.1) for name in names]),
        "variants": {name: {"assigned": 10, "metrics": {}} for name in ("control", *names)},
    }
    of_many = watched(many, looks=60)["history"]["variants"]

    assert MAX_MOMENTS / 3 < sum(map(len, two.values())) <= MAX_MOMENTS
    assert max(map(len, of_many.values())) <= MIN_MOMENTS
