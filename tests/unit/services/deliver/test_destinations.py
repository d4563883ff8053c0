import base64
from pathlib import Path

import pytest

from streams.platform.errors import Unusable
from streams.services.deliver.destinations import Destination, read_destinations

SECRET = f"whsec_{base64.b64encode(b's' * 32).decode()}"
TEXT = """
[[endpoint]]
id = "app"
kind = "webhook"
url = "https://app.example.org/hook"
secrets = ["env:APP_SECRET"]
topics = ["contact-alerts"]

[[endpoint]]
id = "room"
kind = "slack"
url = "file:room-url"
topics = ["system-alerts"]
"""


def read(
    folder: Path, text: str = TEXT, secret: str = SECRET, room: str = "https://hooks.example/x"
) -> list[Destination]:
    path = folder / "endpoints.toml"
    path.write_text(text)
    (folder / "empty").write_text("\n")
    (folder / "room-url").write_text(f"{room}\n")
    return read_destinations(path, {"APP_SECRET": secret}, [])


def test_what_the_file_only_names_is_found(tmp_path: Path) -> None:
    app, room = read(tmp_path)
    assert (app.url, [*app.keys]) == ("https://app.example.org/hook", [b"s" * 32])
    assert room.url == "https://hooks.example/x"


def test_a_secret_is_not_shown(tmp_path: Path) -> None:
    assert "sss" not in repr(read(tmp_path))
    assert "hooks.example" not in repr(read(tmp_path))


@pytest.mark.parametrize(
    ("secret", "room", "told"),
    [
        ("", "https://hooks.example/x", "app: secrets: the environment has no APP_SECRET: set it"),
        ("hunter2", "https://hooks.example/x", "app: secrets: each is whsec_ and the base64"),
        (SECRET, "", "room: url:"),
        (SECRET, "http://hooks.example/hunter2", "room: url: what it names does not begin with https://"),
        (SECRET, "https://10.0.0.1/hunter2", "room: url: its address is not a global one; list its network"),
        (SECRET, "https://[::ffff:10.0.0.1]/hunter2", "room: url: its address is not a global one"),
    ],
)
def test_what_cannot_be_used_is_told_and_not_shown(tmp_path: Path, secret: str, room: str, told: str) -> None:
    with pytest.raises(Unusable) as caught:
        read(tmp_path, secret=secret, room=room)
    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("env:whsec_hunter2", "app: secrets: env: is followed by where it is held"),
        ("file:whsec_hunter2", "app: secrets: file: is followed by where it is held"),
        ("env:https://hooks.example/hunter2", "app: secrets: env: is followed by where it is held"),
        ("file:https://hooks.example/hunter2", "app: secrets: file: is followed by where it is held"),
        ("file:hunter2\\u0000", "app: secrets: file: is followed by where it is held"),
        ("env:NO_SECRET", "app: secrets: the environment has no NO_SECRET: set it"),
        ("file:no-secret", "no-secret cannot be read: No such file or directory"),
        ("file:empty", "empty is empty: put it there"),
    ],
)
def test_a_secret_in_the_place_of_its_name_is_not_shown(tmp_path: Path, reference: str, told: str) -> None:
    with pytest.raises(Unusable) as caught:
        read(tmp_path, TEXT.replace("env:APP_SECRET", reference))
    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_each_mistake_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unusable) as caught:
        read(tmp_path, TEXT.replace("webhook", "pager").replace("system-alerts", "alerts"))
    lines = str(caught.value).splitlines()
    assert [line.partition("toml: ")[2].rpartition(": is")[0] for line in lines] == [
        "endpoint app: kind",
        "endpoint room: topics, number 1",
    ]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match=r"HARMONIA_DELIVER: .*No such file"):
        read_destinations(tmp_path / "none.toml", {}, [])
