"""The one name for "any JSON value", so that no part of the code has to fall back to `Any`."""

from typing import TypeAlias

JSON: TypeAlias = dict[str, "JSON"] | list["JSON"] | str | int | float | bool | None
