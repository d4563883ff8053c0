"""Which records can wait: those that nobody is harmed by if they are counted a day later.

Never held is whatever moves money, says no, takes something back, or makes others reach somebody less (a touch, a
bounce, a report at a door): without it somebody would be written to who should not be. A type that nobody knows is
refused in any case, so it may as well wait.
"""

from events.registry import MODELS, types_that

WAITS = types_that(lambda spec: spec.can_wait)
"""Types of the contract that can wait."""


def may_wait(type_: str | None) -> bool:
    """Whether a record of this type may be held; None: its type cannot be read."""
    return type_ in WAITS or type_ not in MODELS
