from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.services.console.desk import Desk
from streams.services.console.desk_writing import DeskWriter
from tests.unit.services.console.desk_records import writer_at
from tests.unit.services.console.evening import fill_evening


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The desk of an evening, which is read alone."""
    path = tmp_path_factory.mktemp("desk") / "desk.sqlite"
    fill_evening(path)
    found = Desk.open(path)
    yield found
    found.close()


@pytest.fixture
def writer(tmp_path: Path) -> DeskWriter:
    """The writer of an empty desk."""
    return writer_at(tmp_path)
