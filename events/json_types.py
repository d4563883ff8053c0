"""The type of any JSON value, so that no part of the code has to fall back to `Any`."""

from typing import TypeAlias

import msgspec

JSON: TypeAlias = dict[str, "JSON"] | list["JSON"] | str | int | float | bool | None

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""The errors that msgspec raises for bytes that it cannot decode; the last for brackets a thousand deep."""
