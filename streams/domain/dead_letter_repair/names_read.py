"""Topics, sources and types of dead letters that were read, to tell a misspelled name from one that has none now."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from events.registry import MODELS
from events.spelling import nearest_name
from events.topics import INPUT_TOPICS, INTERACTIONS
from streams.domain.dead_letter_repair.choosing import Choice
from streams.domain.dead_letter_repair.letters import Letter
from streams.domain.display_names import is_shown, named

MOST = 10_000
"""Names of a kind that are kept."""
TOPICS = (*(topic.name for topic in INPUT_TOPICS), INTERACTIONS)
"""That records are refused of. Others refuse what came by a hook or from a file, and name that instead."""
_KNOWN: Mapping[str, Collection[str]] = {"topic": TOPICS, "type": MODELS}
"""Names that are right even if no letter has them."""


@dataclass(slots=True)
class NamesRead:
    """What a choice asks for by name, and which letters were read beside it. `chosen`: whether it took any."""

    chosen: bool = False
    read: dict[str, set[str]] = field(default_factory=dict)

    def takes(self, choice: Choice, letter: Letter) -> bool:
        """Whether the choice takes a letter, which is noted; once it took one, no name is missed any more."""
        if choice.takes(letter):
            self.chosen = True
            return True
        if not self.chosen:
            self._note(choice, letter)
        return False

    def missed(self, choice: Choice, what: str = "dead letter", sources: Collection[str] = ()) -> list[str]:
        """What to say of each name that no letter has, where nothing was chosen.

        `what`: one of those that were read. `sources`: some that are known beside theirs.
        """
        if self.chosen:
            return []
        known = {**self.read, "source": {*self.read.get("source", ()), *sources}}
        return [
            _said(name, wanted, known.get(name, ()), what)
            for name, wanted in _asked(choice).items()
            if wanted not in known.get(name, ()) and wanted not in _KNOWN.get(name, ())
        ]

    def _note(self, choice: Choice, letter: Letter) -> None:
        for name, wanted in _asked(choice).items():
            found = letter.origin.topic if name == "topic" else getattr(letter.said, name)
            names = self.read.setdefault(name, set())
            if found is not None and (found == wanted or len(names) < MOST):
                names.add(found)


def _asked(choice: Choice) -> dict[str, str]:
    given = {"topic": choice.topic, "source": choice.source, "type": choice.type}
    return {name: wanted for name, wanted in given.items() if wanted is not None}


def _said(name: str, wanted: str, known: Collection[str], what: str) -> str:
    near = nearest_name(wanted, sorted(filter(is_shown, known)))
    return f"no {what} is of {name} {named(wanted)}" + (f"; did you mean {near}?" if near else "")
