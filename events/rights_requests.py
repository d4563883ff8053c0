"""What is written down of a request by which a person uses a right over their data: the JSON values of its topic.

Nothing of the person is in it but the `contact_id`, in the step that opens the request: reasons, deeds and outcomes are
words of these lists, and `reference` is a label. Dates are those of the desk's time zone, times RFC 3339 in UTC.
"""

from typing import Literal, NotRequired, get_args

from typing_extensions import TypedDict

RightsKind = Literal["access", "rectification", "objection", "erasure", "portability"]
"""Articles 15, 16, 21, 17 and 20 of Regulation (EU) 2016/679."""
ExtensionReason = Literal["complexity", "number"]
"""The two reasons for which article 12 (3) lets somebody take two further months."""
RightsDeed = Literal[
    "bundle", "suppressed", "erased", "linked", "unlinked", "consent", "corrected", "retracted", "at_source"
]
"""What was done about a request. `consent`, `corrected`, `retracted`: by an interaction that a producer sent;
`at_source`: in the tool that the data comes from."""
RightsOutcome = Literal["granted", "partly", "refused", "not_identified", "nothing_held", "withdrawn", "mistaken"]
"""What the person was told in the end. `refused`: as article 12 (5) or an exception allows; `not_identified`: nobody
could tell that it was they who asked, articles 11 and 12 (2); `mistaken`: it was written down by mistake, and nobody is
told."""

RIGHTS_KINDS: tuple[RightsKind, ...] = get_args(RightsKind)
EXTENSION_REASONS: tuple[ExtensionReason, ...] = get_args(ExtensionReason)
RIGHTS_DEEDS: tuple[RightsDeed, ...] = get_args(RightsDeed)
RIGHTS_OUTCOMES: tuple[RightsOutcome, ...] = get_args(RightsOutcome)


class RightsOpened(TypedDict):
    """A value of `rights-requests`: a person has asked. `received`: the day from which the month runs.

    `contact_id`: the id that was named, of an address or number its hash; missing where nobody is known by it.
    """

    step: Literal["opened"]
    kind: RightsKind
    contact_id: NotRequired[str]
    received: str
    on: str
    at: str
    by: str


class RightsExtended(TypedDict):
    """A value of `rights-requests`: the person was told that it takes two further months, and why."""

    step: Literal["extended"]
    reason: ExtensionReason
    on: str
    at: str
    by: str


class RightsAnswered(TypedDict):
    """A value of `rights-requests`: what was asked for was done; the person is still to be told."""

    step: Literal["answered"]
    did: list[RightsDeed]
    on: str
    at: str
    by: str


class RightsClosed(TypedDict):
    """A value of `rights-requests`: the person was told. `reference`: where the letter is kept."""

    step: Literal["closed"]
    outcome: RightsOutcome
    reference: NotRequired[str]
    on: str
    at: str
    by: str


class RightsCounted(TypedDict):
    """A value of `rights-requests`: what is kept of a request that is old, or whose person was erased.

    It names neither of them.
    """

    step: Literal["counted"]
    kind: RightsKind
    year: int
    outcome: RightsOutcome | Literal["erased"]
    in_time: bool
