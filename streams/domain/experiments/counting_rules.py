"""The counting rule of an experiment: what of its definition decides how people are counted."""

from msgspec import Struct

from events.experiment_results import Unit

DAY_MS = 86_400_000

LONGEST = 366 * DAY_MS
"""No rule looks further back from the day of an assignment: definitions have at most 365 covariate days."""


class CountingRule(Struct, frozen=True, array_like=True):
    """How the people of one experiment are counted; without a definition by the defaults. Times in ms since 1970.

    `edition`: differs where any of the others does, empty for the defaults. `window_ms`: outcomes count from assignment
    until so long after it. `winsorise`: in minor units, up to 1,000,000: what one person's amount counts at most in
    comparisons, either way. `covariate_days`: so many whole UTC days before that of assignment are looked at to adjust
    (CUPED), 0 for none. `unit`: what was assigned. Whoever was assigned before `start`, from `end` on, or from
    `rollout` on (the moment since which all get one variant) does not count.
    """

    edition: str = ""
    window_ms: int = 7 * DAY_MS
    currency: str = "USD"
    winsorise: int = 500_000
    covariate_days: int = 28
    unit: Unit = "contact"
    start: int | None = None
    end: int | None = None
    rollout: int | None = None

    @property
    def leaves_out(self) -> bool:
        """Whether there is anybody in the experiment who does not count."""
        return self.start is not None or self.end is not None or self.rollout is not None


DEFAULT_RULE = CountingRule()
