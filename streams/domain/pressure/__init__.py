"""How often a person may be reached, and when: pure decisions from the profile, under a policy that is a file."""

from streams.domain.file_mistakes import FileMistake, FileMistakes
from streams.domain.pressure.addresses import meant
from streams.domain.pressure.asking import (
    Decision,
    Evidence,
    Hold,
    Known,
    PermissionRequest,
    Reason,
    Reservation,
    Verdict,
)
from streams.domain.pressure.decide import Question, answer, decide, prepare
from streams.domain.pressure.policy import Policy
from streams.domain.pressure.reading import default_policy, default_text, read_policy

__all__ = [
    "Decision",
    "Evidence",
    "FileMistake",
    "FileMistakes",
    "Hold",
    "Known",
    "PermissionRequest",
    "Policy",
    "Question",
    "Reason",
    "Reservation",
    "Verdict",
    "answer",
    "decide",
    "default_policy",
    "default_text",
    "meant",
    "prepare",
    "read_policy",
]
