"""How full Redis and a disk are."""

import shutil
from pathlib import Path
from typing import Any


def memory_used(info: dict[str, Any]) -> float:
    """From 0 to 1: of what it may take, or of the whole machine's where it may take all. `info`: INFO memory."""
    most = int(info.get("maxmemory") or info.get("total_system_memory") or 0)
    return int(info["used_memory"]) / most if most else 0.0


def disk_used(folder: Path) -> float:
    """From 0 to 1, as `df` counts: what only root may use is not there."""
    usage = shutil.disk_usage(folder)
    return usage.used / (usage.used + usage.free) if usage.used + usage.free else 0.0
