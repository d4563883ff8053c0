"""From records of `experiment-definitions`: rules by which people are counted from now on, and who is counted anew."""

from events.refusal import Refusal
from streams.domain.experiments.counting_rules import DEFAULT_RULE
from streams.domain.experiments.definition_records import read_definition, rule_of
from streams.domain.experiments.partials import RelayedDefinition, write_partial
from streams.engine.runs import Records
from streams.worker.agents.contacts.experiment_deltas import standing, told
from streams.worker.agents.contacts.handler import Chunk
from streams.worker.agents.experiments.backfill_plan import begun


class Defining(Chunk):
    """One chunk of `experiment-definitions`. `unread`: the offsets of records that say nothing; they change nothing."""

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
            if self.printer.partition == 0:
                self.effects.outputs.append(told(write_partial(RelayedDefinition(experiment, record.value))))
            before = self.book.rules.get(experiment, DEFAULT_RULE)
            self.book.rule(experiment, None if definition is None else rule_of(definition))
            if self.book.edition(experiment) != before.edition:
                changed.add(experiment)
                if before.leaves_out:
                    left_out.add(experiment)
        self._count_anew(changed, left_out)
        self.close()

    def _count_anew(self, changed: set[str], left_out: set[str]) -> None:
        """Nobody has to be counted anew where nobody was ever counted, nor left out by the rule of before."""
        known = {each for each in changed if each in left_out or self.book.may_count(each)}
        if stands := {each: self.book.edition(each) for each in sorted(changed - known)}:
            self.effects.outputs += standing(self.printer.partition, stands)
        if known:
            self.effects.outputs += begun(self.book, self.printer.partition, known)
