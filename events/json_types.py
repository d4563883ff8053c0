"""The one name for "any JSON value", so that no part of the code has to fall back to `Any`."""

from typing import TypeAlias

import msgspec

JSON: TypeAlias = dict[str, "JSON"] | list["JSON"] | str | int | float | bool | None

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that hold no such JSON: for brackets a thousand deep the last."""
