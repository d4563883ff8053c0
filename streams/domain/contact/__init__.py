"""What is known of one contact: `fold` takes interactions in, `profile` says what they amount to.

The state is a set of facts, not a row of totals. Interactions come late, twice, in parts and are taken back; totals
added up in the order of arrival would have to undo what they can no longer tell apart. A set does not care: a copy is
in it already, a retraction may come before what it retracts, and two halves of a person become one by a union.

Everything here is pure: no clock, no input or output. Time is what the interactions and the broker say it was.
"""

from streams.domain.contact.codec import decode, encode
from streams.domain.contact.facts.from_records import read_fact
from streams.domain.contact.fold import FoldOutcome, fold
from streams.domain.contact.merging import merge
from streams.domain.contact.profile import profile
from streams.domain.contact.state import ContactState

__all__ = [
    "ContactState",
    "FoldOutcome",
    "decode",
    "encode",
    "fold",
    "merge",
    "profile",
    "read_fact",
]
