"""What becomes of an experiment when differences come, its definition changes, and partitions have counted anew.

Everything is always added to the edition that it names, so the sums are exact however definitions come and go. What is
shown is another matter: figures of which people are just being taken away to be counted by another rule stay as they
were until all partitions stand at one edition.
"""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from streams.domain.experiments.analysis_plan import plan_of
from streams.domain.experiments.experiment_table import Experiment
from streams.domain.experiments.row_layout import Ints
from streams.domain.experiments.totals import ExperimentTotals, with_rows

NO_NEXT = b""
NO_TOTALS = ExperimentTotals()


def shown_totals(experiment: Experiment) -> ExperimentTotals:
    """The totals that results show."""
    return experiment.frozen or experiment.totals.get(experiment.edition, NO_TOTALS)


def is_recounted(experiment: Experiment) -> bool:
    """Whether the figures are those of the definition before the present one."""
    return experiment.frozen is not None or experiment.next != NO_NEXT or bool(experiment.stands)


def is_defined(experiment: Experiment) -> bool:
    """Whether the experiment has a definition, be it shown yet or not."""
    return experiment.definition is not None or experiment.next not in {NO_NEXT, None}


def is_unused(experiment: Experiment) -> bool:
    """Whether nobody is counted in it or being counted anew, and it has no definition, so that it may be dropped."""
    is_empty = all(held.is_empty for held in experiment.totals.values())
    return is_empty and not is_defined(experiment) and not is_recounted(experiment)


def with_differences(experiment: Experiment, more: Mapping[str, Iterable[tuple[str, int, Ints]]]) -> Experiment:
    """The experiment with more rows, by edition, added to its totals."""
    frozen = experiment.frozen
    if frozen is None and (is_recounted(experiment) or any(edition != experiment.edition for edition in more)):
        frozen = experiment.totals.get(experiment.edition, NO_TOTALS)
    totals = dict(experiment.totals)
    for edition, rows in more.items():
        totals[edition] = with_rows(totals.get(edition, NO_TOTALS), rows)
    return _settled(replace(experiment, totals=totals, frozen=frozen))


def with_definition(name: str, experiment: Experiment, definition: bytes | None) -> Experiment:
    """The experiment after a record of its definition: shown at once if people are counted by it as before."""
    if plan_of(name, definition).rule.edition == experiment.edition:
        return _settled(replace(experiment, definition=definition, next=NO_NEXT))
    return replace(experiment, next=definition)


def with_partition_edition(
    name: str, experiment: Experiment, partition: int, edition: str, partitions: int
) -> Experiment:
    """The experiment once a partition has counted everybody by an edition; shown once all of them have."""
    stands = {**experiment.stands, partition: edition}
    if edition == experiment.edition:
        del stands[partition]
    after = replace(experiment, stands=stands)
    if len(stands) == partitions and set(stands.values()) == {edition}:
        after = _switched(name, after, edition)
    return _settled(after)


def _switched(name: str, experiment: Experiment, edition: str) -> Experiment:
    definition, waits = experiment.definition, experiment.next
    if waits != NO_NEXT and plan_of(name, waits).rule.edition == edition:
        definition, waits = waits, NO_NEXT
    return replace(experiment, edition=edition, definition=definition, next=waits, stands={}, frozen=None)


def _settled(experiment: Experiment) -> Experiment:
    """Without editions in which nobody is counted any more; shown as it is again, if there is no other."""
    totals = experiment.totals
    if len(totals) > 1 or experiment.edition not in totals:
        totals = {
            edition: held for edition, held in totals.items() if edition == experiment.edition or not held.is_empty
        }
    is_one = not experiment.stands and experiment.next == NO_NEXT and not totals.keys() - {experiment.edition}
    frozen = None if is_one else experiment.frozen
    if len(totals) == len(experiment.totals) and frozen is experiment.frozen:
        return experiment
    return replace(experiment, totals=totals, frozen=frozen)
