"""`canvass-events`: what canvassers and election offices report."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field

from events.fields import MAX_ANSWERS, MAX_TAGS, MAX_TEXT, Id, Name, Text
from events.interactions.base import ExperimentArm, SourcedData
from events.json_types import JSON

Method = Literal["door", "phone", "text", "letter", "relational"]
Outcome = Literal[
    "contacted",
    "not_home",
    "no_answer",
    "busy",
    "disconnected",
    "refused",
    "moved",
    "deceased",
    "wrong_number",
    "left_message",
    "lit_drop",
    "language_barrier",
    "inaccessible",
    "do_not_contact",
    "other",
]
REFUSALS = frozenset({"do_not_contact", "refused", "deceased"})
"""Outcomes of a report after which a person is to be left alone."""
UNREACHABLE = frozenset({"disconnected", "wrong_number"})
"""Outcomes of a report by which a number reaches nobody, or somebody else."""
BallotStatus = Literal["requested", "sent", "returned", "rejected", "cured", "voted"]


def _answered(value: JSON) -> JSON:
    """A null answer counts as absent."""
    if not isinstance(value, dict):
        return value
    answered: dict[str, JSON] = {question: answer for question, answer in value.items() if answer is not None}
    if len(answered) > MAX_ANSWERS:  # before each is judged: a record of 20,000 wrong ones would take 0.2 s
        raise ValueError(f"at most {MAX_ANSWERS} answers")
    return answered


QUESTION_PATTERN = r"^[^:]+:.+$"

QuestionId = Annotated[str, Field(pattern=QUESTION_PATTERN, max_length=MAX_TEXT)]
"""`<system>:<question>`."""

Answer = Text | int | float | bool

Answers = Annotated[
    dict[QuestionId, Answer],
    Field(max_length=MAX_ANSWERS),
    BeforeValidator(_answered, json_schema_input_type=dict[QuestionId, Answer | None]),
]
Tags = Annotated[list[Name], Field(max_length=MAX_TAGS)]


class CanvassReported(SourcedData):
    """One attempt to speak with a person. `support` runs from 1 (strong) to 5 (opposed)."""

    method: Method
    outcome: Outcome
    report_id: Id | None = None
    canvasser_id: Id | None = None
    support: Annotated[int, Field(ge=1, le=5)] | None = None
    answers: Answers | None = None
    tags_added: Tags | None = None
    tags_removed: Tags | None = None
    experiment: ExperimentArm | None = None

    def protecting(self) -> Self | None:
        """The outcome alone of who is to be left alone, or is not reached by that number."""
        if self.outcome not in REFUSALS | UNREACHABLE:
            return None
        return self.without("support", "answers", "tags_added", "tags_removed", "experiment")

    @classmethod
    def says_no(cls, data: Mapping[str, object]) -> bool:
        """Whether somebody is to be left alone."""
        outcome = data.get("outcome")
        return isinstance(outcome, str) and outcome in REFUSALS


class BallotReported(SourcedData):
    """How far this person's ballot in one election has come."""

    election: Name
    status: BallotStatus
