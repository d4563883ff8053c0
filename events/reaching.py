"""How people are reached, and what for: the words that producers and senders say."""

from typing import Literal

Purpose = Literal["fundraising", "mobilisation", "informational", "transactional"]
Channel = Literal["email", "text", "phone", "door", "letter"]
