"""Whether two states know the same, however their histories were cut and however far their clocks have gone."""

from msgspec.structs import replace

from streams.contact import ContactState, fold
from streams.contact.erasing import place_of
from streams.contact.state import Fact, Retraction

_FAR = 1 << 48
"""Later (ms) than anything: everything has settled by then."""

_NOTHING = Fact("interaction.retracted", _FAR, "nobody", "nothing", _FAR, detail=Retraction("nobody", "nothing"))


def essence(state: ContactState) -> ContactState:
    """The state once all has settled, without its version but with what that implies.

    A worker keeps nothing of a chunk that has only copies, not even how late they came. So of one history it may be a
    few copies behind another worker, which settles later and never differently.
    """
    return replace(fold(state, [_NOTHING])[0], version=0, place=place_of(state))
