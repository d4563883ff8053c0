"""Which letters a command is about."""

from dataclasses import dataclass

from events.refusal import Reason
from streams.domain.dead_letter_repair.letters import Letter


@dataclass(frozen=True, slots=True)
class Choice:
    """Letters to which all of this applies; None: whatever it is.

    `topic`: of the input. `since` and `until`: of the refusal, ms; `until` itself is out. `detail`: a part of its text.
    `came_back`: only those that were sent anew before.
    Of a letter that cannot be read source and type are not known, so one that asks for them does not get it.
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
        """Whether nothing is asked for."""
        return self == Choice()

    def takes(self, letter: Letter) -> bool:
        """Whether the letter is meant."""
        return (
            self.reason in (None, letter.refusal.reason)
            and self.topic in (None, letter.origin.topic)
            and self.stage in (None, letter.origin.stage)
            and (self.since is None or letter.time >= self.since)
            and (self.until is None or letter.time < self.until)
            and (bool(letter.history) or not self.came_back)
            and (self.detail is None or self.detail in letter.refusal.detail)
            and (self.source is None or self.source == letter.said.source)
            and (self.type is None or self.type == letter.said.type)
        )
