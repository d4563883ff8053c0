import os
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from sinks.lake.files import Files, LocalFiles, RemoteFiles, new_name


@pytest.fixture(params=["folder", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    """An empty lake in a folder, and one on a store of fsspec."""
    if request.param == "folder":
        yield quick_folder(tmp_path, monkeypatch)
        return
    system = fsspec.filesystem("memory")
    root = f"/lake-{new_name()}"
    yield RemoteFiles(system, root)
    system.rm(root, recursive=True)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """An empty lake in a folder, for what is tried at every step."""
    return quick_folder(tmp_path, monkeypatch)


def quick_folder(path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # no power is cut here, and it takes nearly all the time
    return LocalFiles(path)
