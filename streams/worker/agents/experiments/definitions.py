"""Handles records of `experiment-definitions`: rules by which people are counted from now on, and their backfill."""

from events.refusal import Refusal
from streams.domain.experiments.counting_rules import DEFAULT_RULE
from streams.domain.experiments.definition_records import read_definition, rule_of
from streams.domain.experiments.partials import RelayedDefinition, write_partial
from streams.engine.runs import Records
from streams.worker.agents.contacts.experiment_deltas import edition_records, partial_record
from streams.worker.agents.contacts.handler import ChunkHandler
from streams.worker.agents.experiments.backfill import begin_backfill


class DefinitionsHandler(ChunkHandler):
    """Folds one chunk of `experiment-definitions`. `unread`: offsets of records that cannot be read."""

    def take(self, records: Records) -> None:
        """Go by each definition from now on, and count anew whoever was counted by another rule."""
        changed: set[str] = set()
        left_out: set[str] = set()
        for record in records:
            read = read_definition(record.key, record.value)
            if isinstance(read, Refusal):
                self.unread.append((record.offset, read))
                continue
            experiment, definition = read
            if self.builder.partition == 0:
                self.effects.outputs.append(partial_record(write_partial(RelayedDefinition(experiment, record.value))))
            before = self.registry.rules.get(experiment, DEFAULT_RULE)
            self.registry.rule(experiment, None if definition is None else rule_of(definition))
            if self.registry.edition(experiment) != before.edition:
                changed.add(experiment)
                if before.leaves_out:
                    left_out.add(experiment)
        self._count_anew(changed, left_out)
        self.close()

    def _count_anew(self, changed: set[str], left_out: set[str]) -> None:
        """Begin a backfill of changed experiments in which anybody was ever counted, or left out by the former rule."""
        known = {each for each in changed if each in left_out or self.registry.may_count(each)}
        if stands := {each: self.registry.edition(each) for each in sorted(changed - known)}:
            self.effects.outputs += edition_records(self.builder.partition, stands)
        if known:
            self.effects.outputs += begin_backfill(self.registry, self.builder.partition, known)
