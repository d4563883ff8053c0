"""How often a person may be reached, and when: pure decisions from the profile, under a policy that is a file."""

from streams.domain.file_mistakes import FileMistake, FileMistakes
from streams.domain.pressure.asking import (
    Decision,
    Evidence,
    Hold,
    KnownProfile,
    PermissionRequest,
    Reason,
    Reservation,
    Verdict,
)
from streams.domain.pressure.decide import Question, answer, decide, prepare
from streams.domain.pressure.denials import worst_known_ref
from streams.domain.pressure.policy import Policy
from streams.domain.pressure.policy_files import default_policy, default_policy_text, read_policy

__all__ = [
    "Decision",
    "Evidence",
    "FileMistake",
    "FileMistakes",
    "Hold",
    "KnownProfile",
    "PermissionRequest",
    "Policy",
    "Question",
    "Reason",
    "Reservation",
    "Verdict",
    "answer",
    "decide",
    "default_policy",
    "default_policy_text",
    "prepare",
    "read_policy",
    "worst_known_ref",
]
