"""Debian's chromium: where it is missing browser tests are skipped, which only CI takes amiss."""

import os
import shutil

import pytest


def chromium_or_skip(*, with_windows: bool = False) -> str:
    """The path of the program. Where there is none the test is skipped, and fails in CI.

    Without windows, and so without hidden tabs, it takes a third of the CPU for the same pages, if it is installed.
    """
    found = None if with_windows else shutil.which("chromium-headless-shell")
    found = found or shutil.which("chromium")
    if found is None:
        why = "there is no chromium: tests/browser/packages.sh installs Debian's"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return found
