"""The channels on which people are reached, and the purposes of messages."""

from typing import Literal, get_args

Purpose = Literal["fundraising", "mobilisation", "informational", "transactional"]
LimitedPurpose = Literal["fundraising", "mobilisation", "informational"]
"""What transactional messages are not: they skip conditions, as they skip caps."""

Channel = Literal["email", "text", "phone", "door", "letter"]


def canonical_purpose(purpose: object) -> object:
    """A purpose in the contract's spelling: `mobilization` becomes `mobilisation`."""
    return "mobilisation" if purpose == "mobilization" else purpose


MACHINE_CALLS = "automatic_calls"
"""The purpose of a yes by which a machine may call, whatever the call is for."""

NO_MESSAGE = "online_ads"
"""The purpose that no message is for."""

OTHER_PURPOSES = frozenset({NO_MESSAGE, MACHINE_CALLS})
"""Purposes that a word on consent may have besides those of messages."""

_OF_A_PART = {NO_MESSAGE, *get_args(Purpose)}


def plain_purpose(purpose: str) -> str:
    """One purpose however it is written: case and the American spelling make no other purpose of it."""
    return str(canonical_purpose(purpose.casefold()))


def leaves_channel_open(refused: str) -> bool:
    """Whether a no for this purpose closes nothing else: a message is sent for it, or none ever is.

    Nobody asks for a permission for any other word, so a no for one would bind nobody: it closes the channel. So does
    one to calls by machines: most who ask, and all policies of before, do not say who speaks.
    """
    return plain_purpose(refused) in _OF_A_PART
