"""The channels on which people are reached, and the purposes of messages."""

from typing import Literal

Purpose = Literal["fundraising", "mobilisation", "informational", "transactional"]
Channel = Literal["email", "text", "phone", "door", "letter"]


def canonical_purpose(purpose: object) -> object:
    """A purpose in the contract's spelling: `mobilization` becomes `mobilisation`."""
    return "mobilisation" if purpose == "mobilization" else purpose
