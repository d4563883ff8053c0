"""Lists as a strategist has them, assigned."""

from collections.abc import Sequence
from io import BytesIO

from events.experiments import ExperimentDefinition
from events.identifiers import Hasher
from streams.domain.experiments.assignment import VariantAssigner
from streams.services.assign.list_assignment import (
    AssignedUnit,
    Assignments,
    SplitUnitCounter,
    UnitReader,
    missing_column,
)
from streams.services.audience import Audience, open_ids

HASHER = Hasher([b"key"])


def opened(text: str) -> Audience:
    audience = open_ids(BytesIO(text.encode()))
    assert isinstance(audience, Audience), audience
    return audience


class Run:
    """`given` in the order in which it was told; `out` as it was when each chunk was told."""

    def __init__(self, text: str, definition: ExperimentDefinition) -> None:
        audience = opened(text)
        assert missing_column(audience.header, definition) is None
        self.together = SplitUnitCounter(definition)
        reader = UnitReader(audience.header, definition, HASHER)
        self.assignments = Assignments(audience, reader, VariantAssigner(definition), self.together)
        self.given: list[AssignedUnit] = []
        self.written_before: list[int] = []
        self.done = (0, 0)
        self._out = BytesIO()
        self.assignments.write(self._out, self._tell, self._told)
        self.summary = self.assignments.summary

    @property
    def out(self) -> str:
        return self._out.getvalue().decode()

    def _tell(self, given: Sequence[AssignedUnit]) -> None:
        self.written_before.append(self._out.getvalue().count(b"\n") - 1)
        self.given += given

    def _told(self, rows: int, size: int) -> None:
        self.done = self.done[0] + rows, self.done[1] + size
