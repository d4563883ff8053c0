"""Prometheus for tests: missing where it cannot be had, which only CI takes amiss."""

import os
from pathlib import Path

import pytest

from streams.local.errors import LocalStackError
from streams.local.prometheus import Prometheus, find_prometheus

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "harmonia" / "prometheus"


def prometheus_or_skip() -> Prometheus:
    """Both programs. Where there are none the test is skipped, and fails in CI."""
    try:
        return find_prometheus(CACHE, lambda _: None)
    except LocalStackError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
