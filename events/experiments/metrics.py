"""What is measured of each person, in the order in which it is kept."""

from typing import Literal, TypeAlias, get_args

Metric: TypeAlias = Literal[
    "opened",
    "clicked",
    "replied",
    "donated",
    "net_amount",
    "contacted",
    "support",
    "voted",
    "unsubscribed",
    "complained",
]
"""By person, within the window after assignment.

`opened`, `clicked`: expected human acts in thousandths, 1,000 at most. `net_amount`: minor units of the experiment's
currency: the gifts of the window less their refunds, whenever those came, and less refunds in the window that name no
gift that is known. The others are 0 or 1: somebody answered a text; gave, refunded or not; was spoken to (a canvass
report `contacted`); was last found to be a supporter (1 or 2); voted; unsubscribed or opted out; complained.
"""

METRICS: tuple[Metric, ...] = get_args(Metric)
