"""What stops the lake's processes. Each says what to do about it."""

from streams.platform.errors import EngineError


class LakeStopped(EngineError):
    """Going on would leave something out of the lake, or the place that the settings name cannot be used."""
