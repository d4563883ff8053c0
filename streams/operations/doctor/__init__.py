"""`harmonia doctor`: checks a deployment. A finding says what was looked at, what was found, and what to do about it.

Reading and judging are apart: `examination` and `examine_…` functions read and change nothing that stays; all `judge_…`
functions are pure.
"""

from streams.operations.doctor.examination import examine
from streams.operations.doctor.finding import Finding, Verdict

__all__ = ["Finding", "Verdict", "examine"]
