import os
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from sinks.lake.files import Files, LocalFiles, RemoteFiles, new_name, open_files
from tests.contract.lake.s3_server import BUCKET, KEY, SECRET, s3_server


@pytest.fixture(params=["folder", "memory", "s3"])
def files(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    """An empty lake in a folder, one on a store of fsspec, and one on a real S3 server."""
    if request.param == "folder":
        yield quick_folder(tmp_path, monkeypatch)
        return
    if request.param == "s3":
        yield open_files(request.getfixturevalue("s3_place"))
        return
    system = fsspec.filesystem("memory")
    root = f"/lake-{new_name()}"
    yield RemoteFiles(system, root)
    system.rm(root, recursive=True)


@pytest.fixture(scope="session")
def s3_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3_server(tmp_path_factory.mktemp("s3")) as address:
        yield address


@pytest.fixture
def s3_place(s3_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty place for a lake, as `HARMONIA_LAKE` names it; who may use it is said in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    return f"s3://{BUCKET}/{new_name()}?endpoint_override={s3_address}&region=us-east-1"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """An empty lake in a folder, for what is tried at every step."""
    return quick_folder(tmp_path, monkeypatch)


def quick_folder(path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # no power is cut here, and it takes nearly all the time
    return LocalFiles(path)
