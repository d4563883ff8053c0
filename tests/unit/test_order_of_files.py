"""The longest files of a suite come first, and suites stay together."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests import conftest

LAST, SHORT, LONG, NEW = (
    "tests/contract/test_c.py",
    "tests/chaos/test_s.py",
    "tests/chaos/test_l.py",
    "tests/chaos/n.py",
)


def test_a_long_file_that_begins_last_would_leave_other_processes_idle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = tmp_path / "durations.json"
    written.write_text(json.dumps({SHORT: 2, LONG: 90, LAST: 300}))
    monkeypatch.setattr(conftest, "DURATIONS", written)
    items: list[Any] = [
        SimpleNamespace(path=conftest.ROOT / path, name=name)
        for path in (NEW, SHORT, LONG, LAST)
        for name in ("first", "second")
    ]
    conftest.pytest_collection_modifyitems(items)
    assert [str(item.path.relative_to(conftest.ROOT)) for item in items[::2]] == [LONG, SHORT, NEW, LAST]
    assert [item.name for item in items] == ["first", "second"] * 4


def test_a_file_that_is_gone_has_no_duration() -> None:
    assert [path for path in json.loads(conftest.DURATIONS.read_text()) if not (conftest.ROOT / path).is_file()] == []
