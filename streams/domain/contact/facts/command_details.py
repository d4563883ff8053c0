"""Details of facts that are commands: they decide about a record and are no part of what happened."""

from typing import TypeAlias

from msgspec import Struct


class LinkRuling(Struct, frozen=True, array_like=True, gc=False, tag=8):
    """A `contact.linked` or `contact.unlinked`: the two are one person, or they are not. `a` < `b`."""

    a: str
    b: str
    same: bool


class Suppress(Struct, frozen=True, array_like=True, gc=False, tag=9):
    """A `contact.suppressed`. `until`: RFC 3339, or `LIFTED`; None: for ever."""

    until: str | None = None


LIFTED = ""
"""`Suppress.until` of one that ends as it begins: so copies whose times differ are alike in all else."""


class Erase(Struct, frozen=True, array_like=True, gc=False, tag=10):
    """A `contact.erased`. It is never kept: what is left of it is an `Erasure`."""


class ForgetProvenance(Struct, frozen=True, array_like=True, gc=False, tag=13):
    """A `contact.provenance_forgotten`: what came from there until its time is dropped, whenever it arrives."""

    kind: str
    file: str | None = None


class ForgetPurpose(Struct, frozen=True, array_like=True, gc=False, tag=15):
    """A `contact.purpose_forgotten`: what was collected for it until its time is dropped, whenever it arrives.

    `purpose`: as `plain_purpose` writes it.
    """

    purpose: str


class ForgottenInteraction(Struct, frozen=True, array_like=True, gc=False, tag=14):
    """What is left of an interaction that was forgotten by its source or purpose: its key and whom it named, no more.

    Kept apart, so that no section tells of it and no command has to make room for it. Copies are recognised by it, and
    identifiers that were one person's stay so: a no under one of them binds all.
    """


Command: TypeAlias = LinkRuling | Suppress | Erase | ForgetProvenance | ForgetPurpose | ForgottenInteraction

FORGETTING = frozenset({ForgetProvenance, ForgetPurpose})
"""Those that have a part of what is known forgotten."""

COMMANDS = frozenset({LinkRuling, Suppress, Erase, *FORGETTING})
"""The classes of details that somebody can send as a command, for a look that costs nothing."""
