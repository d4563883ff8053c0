"""What `harmonia doctor` looks at. Each check is a value: what was looked at, what was found, and what to do about it.

Reading and judging are apart: `brokers`, `stores` and `machine` read and never change anything; all `judge_…` functions
are pure.
"""

from streams.operations.doctor.examination import examine
from streams.operations.doctor.finding import Finding, Verdict

__all__ = ["Finding", "Verdict", "examine"]
