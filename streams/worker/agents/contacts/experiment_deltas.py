"""What a chunk of contacts changes in experiments: what each person gives to them, and the differences of the sums."""

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
from streams.worker.agents.experiments.registry import Book

AT_ONCE = 500
"""Experiments of which one record says by which edition they are counted: ids may have a kilobyte each."""


class Experimenting:
    """Of one chunk. `uncounted`: how often a person was left out of an experiment, since there are too many of them."""

    def __init__(self, book: Book, at_ms: int) -> None:
        self._book = book
        self._day = at_ms // DAY_MS
        self._changes = DeltaColumns()
        self.uncounted = 0

    def of_one(
        self, contact_id: str, known: Overview, before: ContactState, applied: Iterable[Fact]
    ) -> PackedContribution:
        """What a person of one fragment gives who has just taken these facts, and of whom `known` is shown."""
        if not known.assigned and not before.given.names:
            return before.given
        if not person_sums.may_change(applied, known, self._book.rules, before.given):
            return before.given
        return self._replaced(contact_id, known, before.given)

    def of_all(
        self, contact_id: str, place: IdentityStatus, fragments: Mapping[str, ContactState], before: ContactState
    ) -> PackedContribution:
        """What a person gives who is shown under this id, if anybody is; who is under a roof is counted there."""
        if not before.given.names and not any(map(has_arms, fragments.values())):
            return before.given
        shown = "nothing" if place.roof is not None else shown_of(place, fragments)
        known = None if isinstance(shown, str) else overview(person(shown))
        return self._replaced(contact_id, known, before.given)

    def outputs(self) -> list[Output]:
        """What is told of the chunk."""
        return [told(value) for value in self._changes.records()]

    @property
    def beside(self) -> dict[bytes, bytes | None]:
        """What is to be kept beside the states."""
        return self._book.beside

    def _replaced(self, contact_id: str, known: Overview | None, before: PackedContribution) -> PackedContribution:
        after, left_out = NOTHING, 0
        if known is not None:
            if len(known.assigned) > MOST:
                known, left_out = person_sums.at_most(MOST, known, self._book.rules)
            after = person_sums.given(contact_id, known, self._book.rules, before)
        if after is before:
            return before
        after = self._admitted(after)
        self.uncounted += left_out
        self._changes.replace(before, after)
        return after

    def _admitted(self, given: PackedContribution) -> PackedContribution:
        """Without what there is no room for. Of most experiments somebody was heard today."""
        if self._book.has_noted(given.names, self._day):
            return given
        kept = [each for each in unpacked(given) if self._book.admits(each.experiment, self._day)]
        self.uncounted += len(given.names) - len(kept)
        after = packed(kept)
        self._book.note(after.names)
        return after


def told(value: bytes) -> Output:
    """A record for the experiments agent."""
    return Output(EXPERIMENT_PARTIALS, 0, b"contacts", value)


def standing(partition: int, editions: Mapping[str, str]) -> list[Output]:
    """What says at which editions a partition stands: as many records as it takes for none to be too large."""
    names = sorted(editions)
    parts = [names[at : at + AT_ONCE] for at in range(0, len(names), AT_ONCE)]
    return [
        told(write_partial(PartitionEditions(partition, {name: editions[name] for name in part}))) for part in parts
    ]


def has_arms(state: ContactState) -> bool:
    """Whether anything carried a variant of an experiment."""
    return bool(state.settled.arms) or any(fact.arm is not None for fact in state.facts.values())


def arms_of(state: ContactState) -> Iterator[str]:
    """The experiments of which anything carried a variant, some of them several times."""
    yield from (each.arm.experiment for each in state.settled.arms)
    yield from (fact.arm.experiment for fact in state.facts.values() if fact.arm is not None)
