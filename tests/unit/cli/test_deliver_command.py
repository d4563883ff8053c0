import pytest
from typer.testing import CliRunner

from streams.cli.main import app
from streams.platform.errors import Fenced
from streams.services.deliver import server


def test_one_that_another_has_taken_over_from_ends_as_a_fenced_worker_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_deliver(*_: object) -> None:
        raise Fenced("another has taken over")

    monkeypatch.setattr(server, "run_deliver", run_deliver)
    ended = CliRunner().invoke(app, ["deliver"])
    assert (ended.exit_code, ended.stderr) == (70, "another has taken over\n")
