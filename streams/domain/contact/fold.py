"""Taking interactions into a state. A set of interactions gives one profile, however it is cut, shuffled or repeated.

An interaction that was taken before changes nothing, unless the copy is earlier. One that finds the state full is left
out, unless it is a retraction, a command or somebody's no: that has to be heard even when there is no more room for
anything else.

What is of a source or purpose that is to be forgotten is dropped but for its bare key, whether it or the command comes
first.

An erasure acts when it is taken: all is forgotten. What happened before it never counts again, and until a gift, a form
or a yes begins a new record nothing is taken but what binds: a no, what takes something back, a command.
"""

from collections.abc import Iterable, Sequence
from enum import Enum

from events.registry import MESSAGES
from streams.domain.contact.codec import encode_fact
from streams.domain.contact.compaction import (
    due_at,
    due_of,
    known_messages,
    message_of,
    messages_due,
    not_due,
    settle,
    size_of_mail,
)
from streams.domain.contact.facts.command_details import COMMANDS, FORGETTING, Erase
from streams.domain.contact.facts.forgotten_provenance import (
    forgetting_commands,
    is_first,
    is_forgotten,
    what_is_left,
)
from streams.domain.contact.facts.identifier_table import Table, numbered
from streams.domain.contact.facts.mandatory_facts import binds
from streams.domain.contact.identity.erasure import asked, begins, has_record, may_count, place_of
from streams.domain.contact.identity.identity_status import CarriedIdentifiers, Erasure
from streams.domain.contact.merging import first_copy, in_order, weigh
from streams.domain.contact.state import NEVER, ContactState, ErasureIfInactive, Fact, Key

ROOM = 1_048_576
"""Bytes of facts that one contact may have."""

RESERVE = 262_144
"""Bytes beyond `ROOM` for retractions, commands and refusals, half of them for keys of what was forgotten as well."""

PATIENCE = 64
"""How many facts a patient fold takes before it settles; it costs memory, and time for each that is looked at again."""


class FoldOutcome(Enum):
    """What the fold did with a fact.

    `EARLIER`: a copy of one that was known, whose earlier time is kept: it changes the state, but counts nowhere again.
    `IN_VAIN`: its person was erased since it happened, or has no new record yet; or it was to erase somebody for having
    done nothing, of whom that does not hold. `FORGOTTEN`: what came from its source is to be forgotten, so its bare key
    alone was kept; that is new in the state.
    """

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    EARLIER = "earlier"
    FULL = "full"
    IN_VAIN = "in_vain"
    FORGOTTEN = "forgotten"

    __hash__ = object.__hash__  # Enum's own is a call for each that is counted


def fold(
    state: ContactState, facts: Iterable[Fact], *, begun: bool = False, patient: bool = False
) -> tuple[ContactState, list[FoldOutcome]]:
    """`state` with the facts taken in the order given, and what became of each. `state` itself stays as it is.

    `begun`: the person may have a new record since the erasure, under other identifiers. `patient`: messages that are
    due settle many at once, which is cheaper for whoever has many facts, and at the latest before a fact for which it
    matters that they have, and at the end: what settles later settles the same.
    """
    draft = _Draft(state, begun=begun, patience=PATIENCE if patient else 0)
    outcomes = [draft.take(fact) for fact in facts]
    return draft.state(), outcomes


class _Draft:
    """A state while it takes facts: copied once, however many there are."""

    __slots__ = (
        *(
            "_before",
            "_begun",
            "_carried",
            "_clock",
            "_commands",
            "_due",
            "_due_since",
            "_exclusive",
            "_facts",
            "_forgotten",
            "_given",
            "_known",
            "_mail",
        ),
        *("_ordered", "_patience", "_place", "_settled", "_forgets", "_version", "_waiting", "_weight"),
    )

    def __init__(self, state: ContactState, *, begun: bool, patience: int) -> None:
        self._patience = patience
        self._begin(state, begun=begun)

    def _begin(self, state: ContactState, *, begun: bool) -> None:
        self._begun = begun or state.place is None or state.place.erased is None or has_record(state)
        self._facts = dict(state.facts)
        self._settled = state.settled
        self._mail: int | None = None
        self._clock = state.clock
        self._due = state.due
        self._weight = state.weight
        self._version = state.version
        self._before = state
        self._commands = state.commands
        self._forgotten = state.forgotten
        self._forgets: Sequence[Fact] | None = None
        self._carried = Table(state.carried)
        self._exclusive = state.exclusive
        self._place = state.place
        self._given = state.given
        self._ordered = True
        self._waiting = 0
        self._due_since = self._clock
        self._known: set[str] = known_messages(self._settled) if self._patience else set()

    def state(self) -> ContactState:
        if self._waiting:
            self._settle(self._due_since)
        self._sort()
        table = self._tidied() if self._carried.changed else self._carried.table
        known = self._facts, self._settled, self._clock, self._due, self._weight
        named = table, self._exclusive
        beside = *known, self._version, self._commands, *named, self._place
        return ContactState(*beside, given=self._given, forgotten=self._forgotten)

    def take(self, fact: Fact) -> FoldOutcome:
        if self._place is not None and not may_count(fact, self._place.erased, begun=self._begun):
            return FoldOutcome.IN_VAIN
        detail = fact.detail.__class__
        if detail is Erase:
            return self._erase(fact)
        if fact.__class__ is ErasureIfInactive:  # whoever knows the whole person has made an `Erase` of it if it holds
            return FoldOutcome.IN_VAIN
        self._clock = max(self._clock, fact.appended_at)
        if self._clock >= self._due or self._waiting:
            self._settle_for(fact)
        if self._commands:
            fact = what_is_left(fact, self._forgetting())
            if is_forgotten(fact):
                return _AS_FORGOTTEN[self._keep(self._own_forgotten(), fact)]
        if detail in COMMANDS:
            outcome = self._keep(self._own_commands(), fact)
            if detail in FORGETTING and outcome is not FoldOutcome.FULL:
                self._forgets = None
                self._forget(self._commands[fact.key])
            return outcome
        return self._keep(self._facts, fact)

    def _forgetting(self) -> Sequence[Fact]:
        if self._forgets is None:
            self._forgets = forgetting_commands(self._commands.values())
        return self._forgets

    def _own_commands(self) -> dict[Key, Fact]:
        if self._commands is self._before.commands:
            self._commands = dict(self._commands)
        return self._commands

    def _own_forgotten(self) -> dict[Key, Fact]:
        if self._forgotten is self._before.forgotten:
            self._forgotten = dict(self._forgotten)
        return self._forgotten

    def _settle_for(self, fact: Fact) -> None:
        """Settle what is due, or put it off: to the moment at which it would have settled."""
        is_due = self._clock >= self._due
        if self._waiting < self._patience and self._may_wait(fact, is_due=is_due):
            self._waiting += 1
            if is_due:
                self._due_since = self._clock
                self._due = due_of(not_due(self._facts.values(), self._clock))
            return
        if self._waiting:
            self._settle(self._due_since)
        if is_due:
            self._settle(self._clock)

    def _may_wait(self, fact: Fact, *, is_due: bool) -> bool:
        """Whether it is the same to this fact and to what is due which of them is first: no copy, of another message.

        A gift may put right an earlier one, a report may stand in the place of another, and so on. No word of a message
        settles together with one that would have settled before it: meanwhile that might have been forgotten.
        """
        if fact.type not in MESSAGES or fact.key in self._facts or self._weight >= ROOM // 2:
            return False
        if is_due:
            more = messages_due(self._facts.values(), self._due_since if self._waiting else -NEVER, self._clock)
            if not self._known.isdisjoint(more):
                return False
            self._known.update(more)
        return message_of(fact) not in self._known

    def _keep(self, kept: dict[Key, Fact], fact: Fact) -> FoldOutcome:
        more = 0
        if fact.carried:
            fact, more = self._enter(fact)
        known = kept.get((fact.source, fact.id))
        if known is not None:
            return self._repeat(kept, known, fact)
        rival = self._rival(kept, fact)
        if rival is not None and self._is_in_front(rival, fact):
            return FoldOutcome.DUPLICATE
        size = len(encode_fact(fact))
        weight = self._weight + size + more - (0 if rival is None else len(encode_fact(rival)))
        if weight > ROOM and weight > _limit(fact):
            return FoldOutcome.FULL
        if rival is not None:
            self._give_up(rival)
        if kept is self._facts:
            self._ordered = self._ordered and self._is_latest(fact)
        self._put(kept, fact, size + more)
        return FoldOutcome.APPLIED

    def _rival(self, kept: dict[Key, Fact], fact: Fact) -> Fact | None:
        """Another copy of the same interaction, where one of the two was forgotten and the other one was not."""
        if kept is self._facts:
            return self._forgotten.get(fact.key) if self._forgotten else None
        return self._facts.get(fact.key) if kept is self._forgotten else None

    def _is_in_front(self, known: Fact, copy: Fact) -> bool:
        """Whether the one of two copies that is known counts, where either of them is only a key."""
        commands = self._forgetting()
        return is_first(known, copy, commands) if is_forgotten(known) else not is_first(copy, known, commands)

    def _give_up(self, fact: Fact) -> None:
        del (self._own_forgotten() if is_forgotten(fact) else self._facts)[fact.key]
        self._weight -= len(encode_fact(fact))
        self._carried.changed = self._carried.changed or bool(fact.carried)

    def _enter(self, fact: Fact) -> tuple[Fact, int]:
        self._learn_class(fact)
        return self._carried.enter(fact)

    def _learn_class(self, fact: Fact) -> None:
        if isinstance(fact.carried, CarriedIdentifiers) and fact.carried.exclusive:
            self._exclusive = fact.carried.exclusive

    def _repeat(self, kept: dict[Key, Fact], known: Fact, fact: Fact) -> FoldOutcome:
        if (fact.appended_at > known.appended_at and fact.time >= known.time) or fact == known:
            return FoldOutcome.DUPLICATE
        first = first_copy(known, fact)
        if first == known:
            return FoldOutcome.DUPLICATE
        self._ordered = False
        self._carried.changed = self._carried.changed or first.carried != known.carried
        self._put(kept, first, len(encode_fact(first)) - len(encode_fact(known)))
        return FoldOutcome.EARLIER

    def _put(self, kept: dict[Key, Fact], fact: Fact, more: int) -> None:
        kept[fact.source, fact.id] = fact
        self._begun = self._begun or begins(fact)  # since the person was erased, if that was so
        self._weight += more
        self._due = min(self._due, due_at(fact))

    def _is_latest(self, fact: Fact) -> bool:
        last = next(reversed(self._facts.values()), None)
        return last is None or last.time < fact.time or (last.time == fact.time and last.stamp < fact.stamp)

    def _sort(self) -> None:
        if not self._ordered:
            self._facts = in_order(self._facts.values())
            self._ordered = True

    def _tidied(self) -> tuple[CarriedIdentifiers, ...]:
        """The table as it is to be kept; facts and weight go with it."""
        groups = self._facts, self._commands, self._forgotten
        table, (self._facts, self._commands, self._forgotten) = numbered(self._carried.table, *groups)
        self._weight = weigh((self._facts, self._commands, self._forgotten), table, self._settled)
        return table

    def _settle(self, clock: int) -> None:
        self._sort()
        leaving, settled = settle(self._facts.values(), clock, self._carried, self._settled)
        for fact in leaving:
            del self._facts[fact.key]
            self._weight -= len(encode_fact(fact))
            self._carried.changed = self._carried.changed or bool(fact.carried)
        mail = size_of_mail(settled)
        self._weight += mail - (size_of_mail(self._settled) if self._mail is None else self._mail)
        self._settled, self._mail = settled, mail
        self._due = due_of(self._facts.values())
        self._waiting = 0
        self._known = known_messages(settled) if self._patience else set()

    def _forget(self, command: Fact) -> None:
        """Give up what the command covers. What is left of a fact that binds stays in place, of others the key."""
        for key, fact in [*self._facts.items()]:
            left = what_is_left(fact, [command])
            if left is fact:
                continue
            self._weight -= len(encode_fact(fact))
            self._carried.changed = self._carried.changed or bool(fact.carried)
            if is_forgotten(left):
                del self._facts[key]
                self._own_forgotten()[key] = left
            else:
                self._facts[key] = left
            self._weight += len(encode_fact(left))

    def _erase(self, fact: Fact) -> FoldOutcome:
        before = place_of(ContactState(version=self._version, place=self._place))
        place = asked(before, Erasure(fact.time, fact.source, fact.id))
        self._begin(ContactState(version=self._version, place=place, given=self._given), begun=False)
        return FoldOutcome.APPLIED


def _limit(fact: Fact) -> int:
    if is_forgotten(fact):
        return ROOM + RESERVE // 2
    return ROOM + RESERVE if binds(fact) else ROOM


_AS_FORGOTTEN = {
    FoldOutcome.APPLIED: FoldOutcome.FORGOTTEN,
    FoldOutcome.DUPLICATE: FoldOutcome.IN_VAIN,
    FoldOutcome.EARLIER: FoldOutcome.IN_VAIN,
    FoldOutcome.FULL: FoldOutcome.FULL,
}
"""What became of an interaction that was forgotten, by what became of its key."""
