"""How many values JSON holds, counted before anything is made of them.

To build what eight million brackets say takes seconds in which a process does nothing else; to count them takes a
hundredth. Commas and brackets inside of texts count too, so the limits are far above what anybody sends.
"""

MOST_CONTAINERS = 100_000
"""Objects and arrays of one text."""
MOST_VALUES = 500_000


def is_crowded(text: bytes, containers: int = MOST_CONTAINERS, values: int = MOST_VALUES) -> bool:
    """Whether a text of JSON may hold more objects and arrays, or more values, than this."""
    if len(text) <= min(containers, values):
        return False
    return text.count(b"[") + text.count(b"{") > containers or text.count(b",") > values
