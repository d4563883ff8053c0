"""The gateway's file: what it may say, and what each mistake in it is answered; secrets are in neither."""

from pathlib import Path

import pytest

from streams.platform.errors import Unusable
from streams.services.gateway.hooks import read_hooks
from tests.unit.services.gateway.keys import EC_KEY, shown

SECRETS = {"KEY": shown(EC_KEY), "LOGIN": "ada:hush", "TOKEN": "hush", "BLANK": ":", "OPEN": "ada:"}


def file(tmp_path: Path, text: str) -> Path:
    (tmp_path / "old").write_text("old:hush\n")
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    return path


def test_hooks_of_several_vendors_are_read(tmp_path: Path) -> None:
    text = """
    [hooks.sendgrid]
    source = "digital/sendgrid"
    secrets = ["env:KEY"]
    [hooks.actblue]
    source = "finance/actblue"
    secrets = ["env:LOGIN", "file:old"]
    [hooks.news]
    vendor = "amazon-ses"
    source = "digital/ses"
    topics = ["arn:aws:sns:us-east-1:1:mail"]
    [hooks.texts]
    vendor = "twilio"
    source = "field/twilio"
    url = "https://hooks.example.org/v1/hooks/texts"
    secrets = ["env:TOKEN"]
    """
    hooks = read_hooks(file(tmp_path, text), SECRETS)

    assert {name: (hook.vendor, hook.auth) for name, hook in hooks.items()} == {
        "sendgrid": ("sendgrid", "sendgrid"),
        "actblue": ("actblue", "basic"),
        "news": ("ses", "sns"),
        "texts": ("twilio", "twilio"),
    }
    assert hooks["actblue"].proof.secrets == ["ada:hush", "old:hush"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hooks", ["not TOML"]),
        ("[hook.sendgrid]", ["[hooks.NAME]"]),
        ('[hooks.teleport]\nsource = "a"', ["hooks.teleport", "vendor", "sendgrid"]),
        ('[hooks.actblue]\nsecrets = ["env:LOGIN"]', ["hooks.actblue", "source"]),
        ('[hooks.actblue]\nsource = "a"', ["secrets", "env:NAME"]),
        ('[hooks.actblue]\nsource = "a"\nsecrets = ["ada:hush"]', ["secrets"]),
        ('[hooks.actblue]\nsource = "a"\nsecrets = ["env:TOKEN"]', ["user:password"]),
        ('[hooks.actblue]\nsource = "a"\nsecrets = ["env:BLANK"]', ["user:password"]),
        ('[hooks.actblue]\nsource = "a"\nsecrets = ["env:OPEN"]', ["user:password"]),
        ('[hooks.actblue]\nsource = "a"\nsecrets = ["env:NOBODY"]', ["NOBODY"]),
        ('[hooks.actblue]\nsource = "a"\nsecrets = ["file:none"]', ["none", "cannot be read"]),
        ('[hooks.sendgrid]\nsource = "a"\nsecrets = ["env:LOGIN"]', ["verification key"]),
        ('[hooks.ses]\nsource = "a"', ["topics", "ARN"]),
        ('[hooks.twilio]\nsource = "a"\nsecrets = ["env:TOKEN"]', ["url"]),
        ('[hooks.actblue]\nsource = "a"\nsecret = "x"', ["secret"]),
        ('[hooks.actblue]\nsource = "a"\ntime_zone = "Mars/Olympus"', ["time_zone", "America/New_York"]),
        ('[hooks.actblue]\nsource = "a"\nsecrets = ["env:LOGIN"]\nlogin = ["env:LOGIN"]', ["login", "auth basic"]),
        ('[hooks.mailgun]\nsource = "a"\nsecrets = ["env:TOKEN"]\nlogin = ["env:TOKEN"]', ["login", "user:password"]),
        ('[hooks.mailgun]\nsource = "a"\nsecrets = ["env:TOKEN"]\nlogin = ["env:NOBODY"]', ["login", "NOBODY"]),
        ('[hooks."Act Blue"]\nsource = "a"\nsecrets = ["env:LOGIN"]', ["lower-case"]),
        ('[hooks.van]\nsource = "a"\nsecrets = ["env:LOGIN"]\ncodes = "none.toml"', ["codes", "none.toml"]),
        ('[hooks.van]\nsource = "a"\nauth = "none"\nprovenance = "self"', ["provenance"]),
        ('[hooks.van]\nsource = "a"\nauth = "none"\nprovenance = {}', ["provenance.kind", "is missing"]),
        (
            '[hooks.van]\nsource = "a"\nauth = "none"\nprovenance = { kind = "own" }',
            ["provenance.kind", "self", "voter_list"],
        ),
        (
            '[hooks.van]\nsource = "a"\nauth = "none"\nprovenance = { kind = "self", notice = "n 2" }',
            ["provenance.notice", "letters, digits"],
        ),
    ],
)
def test_a_mistake_is_named_and_no_secret_is(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(Unusable) as found:
        read_hooks(file(tmp_path, text), SECRETS)

    said = str(found.value)
    assert said.startswith("HARMONIA_GATEWAY: ")
    assert all(word in said for word in words)
    assert "hush" not in said


def test_a_gateway_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="No such file"):
        read_hooks(tmp_path / "gateway.toml", {})
