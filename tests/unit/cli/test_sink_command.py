import pytest
from typer.testing import CliRunner

from streams.cli.main import app


def test_it_says_that_the_database_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HARMONIA_POSTGRES", raising=False)
    ended = CliRunner().invoke(app, ["sink", "postgres"])
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "HARMONIA_POSTGRES is not set" in ended.stderr


@pytest.mark.parametrize(
    "url", ["db.example.org", "mysql://db.example.org/bi", "postgresql:///bi", "postgresql://db:x/bi"]
)
def test_a_url_that_is_none_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("HARMONIA_POSTGRES", url)
    ended = CliRunner().invoke(app, ["sink", "postgres"])
    assert ended.exit_code == 2
    assert "HARMONIA_POSTGRES must be a URL with a host and a database" in ended.stderr
    assert url not in ended.stderr
