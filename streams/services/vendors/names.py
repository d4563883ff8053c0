"""The vendors whose lists can be brought in line."""

from typing import Literal

VendorName = Literal["actionnetwork", "sendgrid"]
