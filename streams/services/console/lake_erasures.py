"""How many erasures wait in the lake, for `/privacy`: it is read in a child process."""

from msgspec import Struct

from sinks.lake.erasure import commands_received_at
from streams.platform.lake_files import lake_place_of, require_lake
from streams.platform.settings import Settings
from streams.services.console.observer import Observer


class WaitingErasures(Struct, frozen=True):
    """Commands that the lake has and has not carried out; `oldest_ms`: when the first of them came, None for none."""

    count: int
    oldest_ms: int | None


class LakeObserver(Observer[WaitingErasures]):
    """Looks at the lake, once in five minutes at most."""

    every_s, forget_s = 300.0, 900.0
    called = "erasures in the lake"


class LookAtLake:
    """Counts the erasures that wait in the lake of these settings; what a child process is given."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self) -> WaitingErasures:
        """One look, which writes nothing. Raises OSError, ValueError, `LakeStopped` and `LakeDamaged`."""
        heard = commands_received_at(require_lake(lake_place_of(self._settings))).values()
        return WaitingErasures(len(heard), min(heard, default=None))
