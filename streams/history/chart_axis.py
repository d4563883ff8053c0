"""Round values along the axis of a chart."""

import math

_FACTORS = (1, 2, 2.5, 5, 10)
_ROUNDING = 1e-9


def axis_steps(low: float, high: float, count: int = 4) -> list[float]:
    """Round values, about `count` steps apart, that cover everything from `low` to `high`."""
    if high <= low:
        return [low, low + 1.0]
    raw = (high - low) / count
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in _FACTORS if size * factor >= raw * 0.999)
    first, last = math.floor(low / step + _ROUNDING), math.ceil(high / step - _ROUNDING)
    return [step * number for number in range(first, last + 1)]
