"""The formats of exports, apart from their layouts: `--help` needs only the names."""

from typing import Literal

Format = Literal["csv", "van", "actionnetwork"]
