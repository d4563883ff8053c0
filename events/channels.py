"""The channels on which people are reached, and the purposes of messages."""

from typing import Literal, get_args

Purpose = Literal["fundraising", "mobilisation", "informational", "transactional"]
Channel = Literal["email", "text", "phone", "door", "letter"]


def canonical_purpose(purpose: object) -> object:
    """A purpose in the contract's spelling: `mobilization` becomes `mobilisation`."""
    return "mobilisation" if purpose == "mobilization" else purpose


OTHER_PURPOSES = frozenset({"online_ads", "automatic_calls"})
"""Purposes that are of no message: no message is for the first, and a machine calls by the second, for any purpose."""

_OF_A_PART = OTHER_PURPOSES.union(get_args(Purpose))


def plain_purpose(purpose: str) -> str:
    """One purpose however it is written: case and the American spelling make no other purpose of it."""
    return str(canonical_purpose(purpose.casefold()))


def leaves_channel_open(refused: str) -> bool:
    """Whether a no for this purpose closes nothing else: a message is sent for it, none ever is, or a machine calls.

    Nobody asks for a permission for any other word, so a no for one would bind nobody: it closes the channel.
    """
    return plain_purpose(refused) in _OF_A_PART
