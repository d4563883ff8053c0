import pytest

from benchmarks.report import number, table
from benchmarks.results import Figure, Goal, Section


def test_what_several_have_stands_side_by_side_and_the_rest_in_lines() -> None:
    figures = (
        Figure("ours", "CPU per event", "µs", (9.0, 8.0, 12.5)),
        Figure("Bytewax", "CPU per event", "µs", (41.26,)),
        Figure("Bytewax", "CPU per event, to ours", "×", (4.6,)),
        Figure("Faust", "CPU per event, to ours", "×", (30.0,)),
        Figure("ours", "memory at a million", "MiB", (700.0,), Goal("at most", 600)),
    )
    assert table(Section("Speed", figures, ("Quix left out: it is not here",))) == (
        "## Speed\n"
        "\n"
        "|         | CPU per event, µs | CPU per event, to ours, × |\n"
        "|---------|------------------:|--------------------------:|\n"
        "| ours    |  9.00 (8.00–12.5) |                           |\n"
        "| Bytewax |              41.3 |                      4.60 |\n"
        "| Faust   |                   |                      30.0 |\n"
        "\n"
        "|                           | measured | unit |        goal | reached |\n"
        "|---------------------------|---------:|-----:|------------:|--------:|\n"
        "| ours: memory at a million |      700 |  MiB | at most 600 |      no |\n"
        "\n"
        "Quix left out: it is not here.\n"
    )


def test_without_anything_to_stand_side_by_side_there_are_only_lines() -> None:
    text = table(Section("Latency", (Figure("p50", "to Redis", "ms", (12.0,), Goal("at most", 30)),)))
    assert text.splitlines()[-1] == "| p50: to Redis |     12.0 |   ms | at most 30 |     yes |"


@pytest.mark.parametrize(
    ("value", "shown"), [(91_234.5, "91,200"), (999.4, "999"), (20.55, "20.6"), (9.876, "9.88"), (0.436, "0.44")]
)
def test_a_number_has_the_digits_that_are_worth_reading(value: float, shown: str) -> None:
    assert number(value) == shown


def test_figures_that_stand_side_by_side_say_whether_they_reach_their_goal() -> None:
    goal = Goal("at most", 200)
    figures = (
        Figure("/", "p95", "ms", (41.0,), goal),
        Figure("/days", "p95", "ms", (1600.0,), goal),
        Figure("/", "p50", "ms", (9.0,)),
        Figure("/days", "p50", "ms", (8.0,)),
    )
    assert table(Section("Pages", figures)).splitlines()[2:6] == [
        "|       | p95, ms, at most 200 | p50, ms |",
        "|-------|---------------------:|--------:|",
        "| /     |             41.0 yes |    9.00 |",
        "| /days |             1,600 no |    8.00 |",
    ]


def test_goals_that_differ_stand_with_their_figures() -> None:
    figures = (
        Figure("a load", "kept", "of 1", (0.77,), Goal("at least", 0.9)),
        Figure("another", "kept", "of 1", (0.85,), Goal("at least", 0.8)),
    )
    assert table(Section("Loads", figures)).splitlines()[2:6] == [
        "|         |             kept, of 1 |",
        "|---------|-----------------------:|",
        "| a load  |  0.77 no, at least 0.9 |",
        "| another | 0.85 yes, at least 0.8 |",
    ]
