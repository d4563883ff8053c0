"""What a function that does an act is given, and gives: checked first, then written down, then done."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from fastapi import Response

from streams.services.console.acts import ActSpec
from streams.services.console.dependencies import ConsoleDependencies
from streams.services.console.gate import Console
from streams.services.console.outcomes import Outcome
from streams.services.console.page import PageRequest
from streams.services.console.pages.campaigns import ORDERED_HERE
from streams.services.console.rights import Viewer
from streams.services.console.signin import SignedIn
from streams.services.console.views import Audited


@dataclass(frozen=True, slots=True)
class ActRequest:
    """A form that was sent: by whom, which act, and its fields without the tokens, and a file."""

    console: Console
    signed_in: SignedIn
    spec: ActSpec
    said: Mapping[str, str]
    upload: BinaryIO | None = None

    @property
    def deps(self) -> ConsoleDependencies:
        """What all routes share."""
        return self.console.deps

    @property
    def viewer(self) -> Viewer:
        """Who acts."""
        return self.signed_in.viewer

    @property
    def source(self) -> str:
        """The source of what is sent in their name."""
        return f"{ORDERED_HERE}{self.viewer.name}"

    def page(self, **params: str) -> PageRequest:
        """The request of a page of theirs, at this moment."""
        return self.console.page_request(self.signed_in, params)


@dataclass(frozen=True, slots=True)
class Ready:
    """An act that may be done: `audited` is written down first, and then it is performed.

    `perform` gives what became of it, or a file. What it raises counts as "not sure that it was done".
    """

    audited: Audited
    perform: Callable[[], Awaitable[Outcome | Response]]


Handler = Callable[[ActRequest], Awaitable[Outcome | Ready]]
"""Looks at how things stand, and changes nothing. Gives an outcome where nothing is to be done.

May raise NotForYou, PageRefused, Withheld, SinkUnavailable, TooSlow and AuditUnavailable: nothing was done then. What
it tells of a person is a look at them, which it writes down.
"""
