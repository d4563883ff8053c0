"""Whose upload a file of the suppressed is made for."""

from typing import Literal

Format = Literal["csv", "van", "actionnetwork"]
