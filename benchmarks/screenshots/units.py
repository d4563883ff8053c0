"""Numbers as a dashboard writes them."""

_SI = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def written(value: float, unit: str) -> str:
    """A value with its unit, short."""
    match unit:
        case "s":
            return _seconds(value)
        case "percentunit":
            return f"{_plain(value * 100)} %"
        case "bytes":
            return f"{_scaled(value)}B"
        case "cps":
            return f"{_scaled(value)}/s"
    return _scaled(value)


def _seconds(value: float) -> str:
    if value >= 120:
        return f"{_plain(value / 60)} min"
    return f"{_plain(value)} s" if value >= 1 or value == 0 else f"{_plain(value * 1000)} ms"


def _scaled(value: float) -> str:
    for size, letter in _SI:
        if abs(value) >= size:
            return f"{_plain(value / size)} {letter}"
    return _plain(value)


def _plain(value: float) -> str:
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
