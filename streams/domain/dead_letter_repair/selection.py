"""Which dead letters a command is about, and which of the names that it asks for no dead letter has.

A name that none has may be misspelled: the nearest one that was read is suggested.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from events.refusal import Reason
from events.registry import MODELS
from events.spelling import nearest_name
from events.topics import INPUT_TOPICS, INTERACTIONS
from streams.domain.dead_letter_repair.causes import without_list_positions
from streams.domain.dead_letter_repair.letters import Letter
from streams.domain.display_names import HIDDEN, is_shown, named


@dataclass(frozen=True, slots=True)
class LetterSelection:
    """Criteria by which dead letters are selected: all must hold; None: no criterion.

    `topic`: of the input. `since` and `until`: of the refusal, ms; `until` itself is out. `detail`: a part of its text.
    `came_back`: only letters that were sent anew before. Source and type of an unreadable letter are not known, so a
    selection by them leaves it out. `*` is any of those that are shown so, since they may be somebody's address.
    """

    reason: Reason | None = None
    topic: str | None = None
    stage: str | None = None
    source: str | None = None
    type: str | None = None
    since: int | None = None
    until: int | None = None
    detail: str | None = None
    came_back: bool = False

    @property
    def is_everything(self) -> bool:
        """Whether there are no criteria."""
        return self == LetterSelection()

    def takes(self, letter: Letter) -> bool:
        """Whether the letter is selected."""
        return (
            self.reason in (None, letter.refusal.reason)
            and self.topic in (None, letter.origin.topic)
            and self.stage in (None, letter.origin.stage)
            and (self.since is None or letter.time >= self.since)
            and (self.until is None or letter.time < self.until)
            and (bool(letter.history) or not self.came_back)
            and (self.detail is None or _has_detail(letter, self.detail))
            and (self.source is None or is_of_name(self.source, letter.declared.source))
            and (self.type is None or is_of_name(self.type, letter.declared.type))
        )


def _has_detail(letter: Letter, wanted: str) -> bool:
    """Whether a letter's detail has a text, as it stands or without positions in lists, as causes have it."""
    return wanted in letter.refusal.detail or wanted in without_list_positions(letter.refusal)


def is_of_name(wanted: str, found: str | None) -> bool:
    """Whether a source or type is the one that is asked for; `*` is each of those that are never shown."""
    return wanted == found or (wanted == HIDDEN and named(found) == HIDDEN)


MAX_NAMES = 10_000
"""Names that are kept of each kind."""
TOPICS = (*(topic.name for topic in INPUT_TOPICS), INTERACTIONS)
"""Topics whose records may be refused. Letters of hooks and files name those instead."""
_KNOWN: Mapping[str, Collection[str]] = {"topic": TOPICS, "type": MODELS}
"""Names that are right even if no letter has them."""


@dataclass(slots=True)
class NamesRead:
    """Names of the letters that a selection did not take, to find misspelled ones. `chosen`: whether it took any."""

    chosen: bool = False
    read: dict[str, set[str]] = field(default_factory=dict)

    def takes(self, choice: LetterSelection, letter: Letter) -> bool:
        """Whether the selection takes a letter; notes the names of one that it does not, until it has taken any."""
        if choice.takes(letter):
            self.chosen = True
            return True
        if not self.chosen:
            self._note(choice, letter)
        return False

    def missed(self, choice: LetterSelection, what: str = "dead letter", sources: Collection[str] = ()) -> list[str]:
        """Sentences on each requested name that no letter has, if the selection took none.

        `what`: what was read, in the singular. `sources`: sources that are known besides those of the letters.
        """
        if self.chosen:
            return []
        known = {**self.read, "source": {*self.read.get("source", ()), *sources}}
        return [
            _missed_name(name, wanted, known.get(name, ()), what)
            for name, wanted in _requested_names(choice).items()
            if wanted not in known.get(name, ()) and wanted not in _KNOWN.get(name, ())
        ]

    def _note(self, choice: LetterSelection, letter: Letter) -> None:
        for name, wanted in _requested_names(choice).items():
            found = letter.origin.topic if name == "topic" else getattr(letter.declared, name)
            names = self.read.setdefault(name, set())
            if found is not None and (found == wanted or len(names) < MAX_NAMES):
                names.add(found)


def _requested_names(choice: LetterSelection) -> dict[str, str]:
    given = {"topic": choice.topic, "source": choice.source, "type": choice.type}
    return {name: wanted for name, wanted in given.items() if wanted is not None}


def _missed_name(name: str, wanted: str, known: Collection[str], what: str) -> str:
    near = nearest_name(wanted, sorted(filter(is_shown, known)))
    return f"no {what} is of {name} {named(wanted)}" + (f"; did you mean {near}?" if near else "")
