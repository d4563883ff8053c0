"""How often a person may be reached, and when: pure decisions from the profile, under a policy that is a file."""

from streams.file_mistakes import Mistake, Mistakes
from streams.pressure.addresses import meant
from streams.pressure.asking import Decision, Evidence, Hold, Known, PermissionRequest, Reason, Reservation, Verdict
from streams.pressure.decide import Question, answer, decide, prepare
from streams.pressure.policy import Policy
from streams.pressure.reading import default_policy, default_text, read_policy

__all__ = [
    "Decision",
    "Evidence",
    "Hold",
    "Known",
    "Mistake",
    "Mistakes",
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
