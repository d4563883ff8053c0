"""How people are reached, and what for: the words that producers and senders say."""

from typing import Literal

Purpose = Literal["fundraising", "mobilisation", "informational", "transactional"]
Channel = Literal["email", "text", "phone", "door", "letter"]


def spelt(purpose: object) -> object:
    """A purpose as the contract spells it: `mobilization` is `mobilisation`."""
    return "mobilisation" if purpose == "mobilization" else purpose
