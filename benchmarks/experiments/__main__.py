"""`python -m benchmarks.experiments`: the whole simulation, as the table of docs/experiments.md, in some minutes."""

from collections.abc import Callable, Iterator
from typing import Annotated

import typer

from benchmarks.experiments.assigning import right_splits, wrong_splits
from benchmarks.experiments.errors import (
    false_winners,
    false_winners_after_a_slow_start,
    false_winners_beside_a_small_arm,
    false_winners_of_a_t_test,
    missed_effects,
)
from benchmarks.experiments.finding import Finding
from benchmarks.experiments.guardrails import alarms, alerts, false_alarms, false_alerts
from benchmarks.experiments.households import households_of_two, turfs
from benchmarks.experiments.many import false_discoveries
from benchmarks.experiments.power import against_the_t_test, with_covariates
from benchmarks.experiments.reaching import reaching

Simulation = Callable[[int], Iterator[Finding]]

SIMULATIONS: tuple[tuple[Simulation, int], ...] = (
    (false_winners, 10_000),
    (false_winners_after_a_slow_start, 10_000),
    (false_winners_beside_a_small_arm, 10_000),
    (false_winners_of_a_t_test, 10_000),
    (missed_effects, 10_000),
    (false_discoveries, 50),
    (against_the_t_test, 10_000),
    (with_covariates, 10_000),
    (wrong_splits, 1_000),
    (right_splits, 10_000),
    (households_of_two, 10_000),
    (turfs, 2_000),
    (false_alarms, 5_000),
    (alarms, 2_000),
    (false_alerts, 200),
    (alerts, 2_000),
    (reaching, 5_000),
)
"""What is simulated, and how many experiments or runs of each."""


def main(
    part: Annotated[
        int, typer.Option(min=1, help="Only one in so many experiments, to see that it works; the figures are rough.")
    ] = 1,
) -> None:
    """Print what was found, beside what is promised; the whole fails if a promise is broken."""
    typer.echo("| simulated | found | promised |\n|---|---:|---|")
    broken = 0
    for simulate, size in SIMULATIONS:
        for finding in simulate(max(size // part, 2)):
            typer.echo(finding.row)
            broken += not finding.kept
    if broken and part == 1:
        typer.echo(f"{broken} promises broken", err=True)
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
