"""The figures of an evening that was played."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EveningFigures:
    """What should have been seen in the evening. `net`: gifts of the evening in minor units; `quiet_since`: ms.

    `near`: the mailing that comes near its limit. `verdict`: what the experiment says; None: it has not decided.
    `refused`: records of the broken source that were refused; `is_quarantined`: whether it came into quarantine for
    that; `released`: good ones that were held.
    """

    doors: int
    calls: int
    met: int
    net: int
    mailing: str
    near: str | None
    experiment: str
    verdict: str | None
    broken: str
    refused: int
    is_quarantined: bool
    released: int
    quiet_turf: str
    quiet_since: int | None
