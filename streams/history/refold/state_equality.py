"""Whether two states know the same, however their histories were cut and however far their clocks have gone."""

from msgspec.structs import replace

from streams.domain.contact import ContactState, fold
from streams.domain.contact.identity.erasure import place_of
from streams.domain.contact.packed_contribution import NOTHING
from streams.domain.contact.sections.messages import Message
from streams.domain.contact.state import DEDUP_WINDOW_MS, Fact, Retraction

_FAR = 1 << 48
"""Later (ms) than anything."""

_LAST_WORDS = (
    Fact("email.deferred", _FAR, "nobody", "last", _FAR, detail=Message("last")),
    Fact(
        "interaction.retracted",
        _FAR,
        "nobody",
        "nothing",
        _FAR + 2 * DEDUP_WINDOW_MS,
        detail=Retraction("nobody", "none"),
    ),
)
"""A message that settles, and with it all that can, and what lets it."""


def essence(state: ContactState) -> ContactState:
    """The state once all has settled, without its version but with what that implies.

    A worker keeps nothing of a chunk that has only copies, not even how late they came. So of one history it may be a
    few copies behind another worker, which settles later and never differently. What a state has `given` to experiments
    is the account of who counts them, and left out as well.
    """
    return replace(fold(state, _LAST_WORDS)[0], version=0, place=place_of(state), given=NOTHING)
