"""Where a fragment stands among others: what was named beside it, whose roof it is under, what is shown under its id.

Most people are one fragment and never need any of it.
"""

from typing import Literal, TypeAlias

from msgspec import Struct

from events.interactions.anywhere import ConsentChannel

Named: TypeAlias = tuple[str, str]
"""An identifier and its exclusive class (`voter:NY`, `external:van`), empty for none."""

Shown: TypeAlias = Literal["nothing", "profile", "erased", "merged"]
"""What the latest record of `contact-state` under an id says: nothing that names anybody, a profile, that a person was
erased, or into whom it was merged."""


Reason: TypeAlias = Literal[
    "unsubscribed",
    "complained",
    "opted_out",
    "consent_withdrawn",
    "deceased",
    "do_not_contact",
    "suppressed",
    "erased",
]
"""Why something is closed."""


class CarriedIdentifiers(Struct, frozen=True, array_like=True, gc=False, order=True):
    """What one interaction named besides its fragment, strongest first.

    `aliases`: pairs of a hash and the same identifier's hash under an older key. `exclusive`: the fragment's own class.
    """

    others: tuple[Named, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    exclusive: str = ""


class Erasure(Struct, frozen=True, array_like=True, gc=False):
    """Which command erased a person. `time` in ms since 1970: what happened until then never counts again."""

    time: int
    source: str
    id: str


class ChannelClosure(Struct, frozen=True, array_like=True, gc=False):
    """Why a channel, or all, is closed to everyone, since when (ms) and until when (RFC 3339; None: for ever)."""

    reason: Reason
    since: int
    source: str
    id: str
    until: str | None = None
    channel: ConsentChannel = "all"


class IdentityStatus(Struct, frozen=True, array_like=True, gc=False):
    """What links and erasures have made of a fragment, and what other topics say of it.

    `roof`: the fragment that names its person, None for itself; `told`: the version of the latest record that said so.
    `parts`: the fragments under it that have sent theirs, sorted. `linked`: it had another roof or parts at some time,
    or a command made it one with others.

    `erased`: the latest erasure. `asked`: one by a command of its own, which the links agent has not carried out yet.
    `marks`: until a new record begins, everybody is told under its id that the person was erased; versions before said
    so of the canonical id alone. `swept`: the version under which the erasure was told; what was sent
    under it before, is of the person that was forgotten.

    `shown`, `closed` and `sent` are what is out: under its id in `contact-state` and in `contact-suppressions` (sorted
    by channel), and whether its part is under the roof.
    """

    roof: str | None = None
    told: int = 0
    parts: tuple[str, ...] = ()
    linked: bool = False
    erased: Erasure | None = None
    asked: Erasure | None = None
    marks: bool = False
    swept: int = 0
    shown: Shown = "nothing"
    closed: tuple[ChannelClosure, ...] = ()
    sent: bool = False
