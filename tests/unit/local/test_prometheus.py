"""Where Prometheus comes from, and what is said where it cannot be had."""

from pathlib import Path

import pytest

from streams.local import prometheus
from streams.local.errors import LocalStackError
from streams.local.prometheus import find_prometheus


def tool(folder: Path, name: str, version: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\necho '{name}, version {version}'\n")
    file.chmod(0o755)
    return file


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory on the path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_a_prometheus_on_the_path_is_used(path: Path, tmp_path: Path) -> None:
    tool(path, "prometheus", "2.53.1")
    promtool = tool(path, "promtool", "2.53.1")

    assert find_prometheus(tmp_path / "cache", print).promtool == promtool


def test_a_prometheus_that_was_unpacked_before_is_used_again(path: Path, tmp_path: Path) -> None:
    promtool = tool(tmp_path / "cache" / "usr" / "bin", "promtool", "2.42.0+ds")

    assert find_prometheus(tmp_path / "cache", print).promtool == promtool


def test_an_old_prometheus_is_refused(path: Path, tmp_path: Path) -> None:
    tool(path, "prometheus", "2.41.0")
    tool(path, "promtool", "2.41.0")

    with pytest.raises(LocalStackError, match=r"older than 2\.42"):
        find_prometheus(tmp_path / "cache", print)


def test_without_prometheus_on_the_path_and_without_apt_the_error_names_both(path: Path, tmp_path: Path) -> None:
    with pytest.raises(LocalStackError, match="not on the path, and there is no apt"):
        find_prometheus(tmp_path / "cache", print)


def test_the_error_names_a_package_that_apt_does_not_have(path: Path, tmp_path: Path) -> None:
    tool(path, "dpkg-deb", "1")
    apt = tool(path, "apt-get", "1")
    apt.write_text("#!/bin/sh\necho 'E: Unable to locate package' >&2\nexit 100\n")

    with pytest.raises(LocalStackError, match="apt-get failed: E: Unable to locate package"):
        find_prometheus(tmp_path / "cache", print)
    assert list((tmp_path / "cache").iterdir()) == []


def test_the_downloaded_prometheus_is_kept_whole(path: Path, tmp_path: Path) -> None:
    """An apt that never asked what packages there are does so first, in a place of its own."""
    ours = tmp_path / "ours"
    tool(ours, "promtool", "2.42.0")
    said: list[str] = []
    apt, dpkg = tool(path, "apt-get", "1"), tool(path, "dpkg-deb", "1")
    apt.write_text(
        '#!/bin/sh\nPATH=/usr/bin:/bin\necho "$@" >> "$(dirname $0)/asked"\n'
        'case "$*" in "download prometheus=2.*") exit 100;; *download*) touch prometheus_2.deb;; esac\n'
    )
    dpkg.write_text(f'#!/bin/sh\nPATH=/usr/bin:/bin\nmkdir -p "$3/usr/bin" && cp {ours}/promtool "$3/usr/bin"\n')

    found = find_prometheus(tmp_path / "cache", said.append)

    assert found.promtool == tmp_path / "cache" / "usr" / "bin" / "promtool"
    assert said == ["Downloading Prometheus, once"]
    asked = (path / "asked").read_text().splitlines()
    assert [line.split()[-1] for line in asked] == [prometheus.PACKAGE, "update", prometheus.PACKAGE]
    assert [item.name for item in (tmp_path / "cache").iterdir()] == ["usr"]
