"""Contributions of one person to some experiments, many of which have the same values."""

from hypothesis import strategies as st

from events.experiments.metrics import METRICS
from streams.domain.contact.contribution import Contribution

VALUES = st.dictionaries(st.integers(0, len(METRICS) - 1), st.integers(-3, 3), max_size=3).map(
    lambda found: tuple((place, y, abs(y) % 2, y + 1) for place, y in sorted(found.items()))
)
FEW_VALUES = st.lists(VALUES, min_size=1, max_size=3)


@st.composite
def contributions(draw: st.DrawFn) -> list[Contribution]:
    """What one person gives to some experiments."""
    alike = draw(FEW_VALUES)
    return [
        Contribution(
            name,
            draw(st.sampled_from("AAB")),
            draw(st.sampled_from([20_000, 20_000, 20_001])),
            draw(st.sampled_from(["", "", "1b2c3d4e"])),
            draw(st.sampled_from([-1, -1, -1, 5, 7])),
            draw(st.booleans()) and draw(st.booleans()),
            draw(st.sampled_from(alike)),
        )
        for name in sorted(draw(st.sets(st.sampled_from("vwxyz"))))
    ]
