"""Differences that a chunk of contacts makes in the sums of experiments, with each person's contribution to them."""

from collections.abc import Iterable, Iterator, Mapping

from events.topics import EXPERIMENT_PARTIALS
from streams.domain.contact import ContactState
from streams.domain.contact.identity.identity_status import IdentityStatus
from streams.domain.contact.merging import person
from streams.domain.contact.packed_contribution import MOST, NOTHING, PackedContribution, packed, unpacked
from streams.domain.contact.person_view import Overview, overview
from streams.domain.contact.publication.visibility import shown_of
from streams.domain.contact.state import Fact
from streams.domain.experiments import person_sums
from streams.domain.experiments.counting_rules import DAY_MS
from streams.domain.experiments.delta_columns import DeltaColumns
from streams.domain.experiments.partials import PartitionEditions, write_partial
from streams.engine.writer import Output
from streams.worker.agents.experiments.registry import ExperimentRegistry

AT_ONCE = 500
"""Experiments of which one record says by which edition they are counted: ids may have a kilobyte each."""


class ExperimentDeltas:
    """The differences of one chunk. `uncounted`: how often a person was left out, as there are too many experiments."""

    def __init__(self, registry: ExperimentRegistry, at_ms: int) -> None:
        self._registry = registry
        self._day = at_ms // DAY_MS
        self._changes = DeltaColumns()
        self.uncounted = 0

    def of_one(
        self, contact_id: str, known: Overview, before: ContactState, applied: Iterable[Fact]
    ) -> PackedContribution:
        """The contribution of a person of one fragment after these facts; `known`: what is shown of the person."""
        if not known.assigned and not before.given.names:
            return before.given
        if not person_sums.may_change(applied, known, self._registry.rules, before.given):
            return before.given
        return self._replaced(contact_id, known, before.given)

    def of_all(
        self, contact_id: str, place: IdentityStatus, fragments: Mapping[str, ContactState], before: ContactState
    ) -> PackedContribution:
        """The contribution of the person shown under this id, if any; a fragment of a canonical id is counted there."""
        if not before.given.names and not any(map(has_arms, fragments.values())):
            return before.given
        shown = "nothing" if place.roof is not None else shown_of(fragments)
        known = None if isinstance(shown, str) else overview(person(shown))
        return self._replaced(contact_id, known, before.given)

    def outputs(self) -> list[Output]:
        """The records of `experiment-partials` with the chunk's differences."""
        return [partial_record(value) for value in self._changes.records()]

    @property
    def beside(self) -> dict[bytes, bytes | None]:
        """Changes of the registry, to be written beside the states."""
        return self._registry.beside

    def _replaced(self, contact_id: str, known: Overview | None, before: PackedContribution) -> PackedContribution:
        after, left_out = NOTHING, 0
        if known is not None:
            if len(known.assigned) > MOST:
                known, left_out = person_sums.at_most(MOST, known, self._registry.rules)
            after = person_sums.packed_contribution_of(contact_id, known, self._registry.rules, before)
        if after is before:
            return before
        after = self._admitted(after)
        self.uncounted += left_out
        self._changes.replace(before, after)
        return after

    def _admitted(self, given: PackedContribution) -> PackedContribution:
        """The contribution without experiments that the registry has no room for."""
        if self._registry.has_noted(given.names, self._day):
            return given
        kept = [each for each in unpacked(given) if self._registry.admits(each.experiment, self._day)]
        self.uncounted += len(given.names) - len(kept)
        after = packed(kept)
        self._registry.note(after.names)
        return after


def partial_record(value: bytes) -> Output:
    """The record of `experiment-partials` that carries an encoded partial to the experiments agent."""
    return Output(EXPERIMENT_PARTIALS, 0, b"contacts", value)


def edition_records(partition: int, editions: Mapping[str, str]) -> list[Output]:
    """Records that say by which editions a partition counts: as many as it takes for none to be too large."""
    names = sorted(editions)
    parts = [names[at : at + AT_ONCE] for at in range(0, len(names), AT_ONCE)]
    return [
        partial_record(write_partial(PartitionEditions(partition, {name: editions[name] for name in part})))
        for part in parts
    ]


def has_arms(state: ContactState) -> bool:
    """Whether any interaction of a contact carried a variant of an experiment."""
    return bool(state.settled.arms) or any(fact.arm is not None for fact in state.facts.values())


def arms_of(state: ContactState) -> Iterator[str]:
    """The experiments of which an interaction of a contact carried a variant, some of them several times."""
    yield from (each.arm.experiment for each in state.settled.arms)
    yield from (fact.arm.experiment for fact in state.facts.values() if fact.arm is not None)
