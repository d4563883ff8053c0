"""Exports people whose channel is closed to everyone, as files for the tools of senders that cannot ask the API."""

from typing import Literal

Format = Literal["csv", "van", "actionnetwork"]
"""Whose upload a file is."""
