"""Webhooks of vendors."""

import logging
from pathlib import Path

import orjson
import pytest

from events.envelope import Interaction, Record, decode
from events.identifiers import Hasher
from events.json_types import JSON
from events.refusal import Reason, Refusal
from events.regimes import REGIMES
from events.registry import SPECS, topic_of
from streams.platform.errors import Unusable
from streams.platform.settings import Settings
from streams.platform.tokens import ANY_TEAM, Caller, Scope
from streams.services.gateway.events_route import publish_refusal
from streams.services.gateway.hooks import read_hooks
from streams.worker.agents.intake.agent import Remarks, judge
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.adapters.fixtures_actionnetwork import FIXTURES
from tests.unit.services.gateway.in_process import Gateway
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


NOW_S = 1_764_000_000
FILE = """
[hooks.mailgun]
auth = "none"
source = "digital/mailgun"
[hooks.sendgrid]
auth = "none"
source = "digital/sendgrid"
"""


def mailgun(**variables: str) -> bytes:
    event = {"event": "delivered", "timestamp": NOW_S, "recipient": "ada@example.org", "user-variables": variables}
    return orjson.dumps({"event-data": event | {"message": {"headers": {"message-id": "m@example.org"}}}})


def sendgrid(*events: dict[str, str]) -> bytes:
    usual = {"event": "delivered", "timestamp": NOW_S, "email": "ada@example.org", "marketing_campaign_id": "7"}
    return orjson.dumps([usual | {"sg_message_id": f"m-{place}"} | each for place, each in enumerate(events)])


def counted(gateway: Gateway) -> float | None:
    return gateway.registry.get_sample_value("harmonia_gateway_unknown_fields_total", {"type": "email.delivered"})


@pytest.mark.parametrize(
    ("hook", "body"),
    [("mailgun", mailgun(campain_id="gotv-1")), ("sendgrid", sendgrid({"campain_id": "gotv-1"}, {"colour": "blue"}))],
)
async def test_a_misspelled_custom_field_is_counted_and_logged_once_with_the_name_that_was_meant(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, hook: str, body: bytes
) -> None:
    gateway = Gateway(tmp_path, FILE, {}, NOW_S * 1_000)

    with caplog.at_level(logging.WARNING):
        assert [(await gateway.ask(f"/v1/hooks/{hook}", body)).status for _ in range(2)] == [204, 204]

    assert len(gateway.said) == 2 * len(orjson.loads(body) if hook == "sendgrid" else [body])
    assert counted(gateway) == 2
    [line] = caplog.messages
    assert line.startswith(
        f"hook {hook}: custom field campain_id: no field of email.delivered; did you mean campaign_id?"
    )


async def test_a_webhook_of_right_fields_and_the_senders_own_is_neither_counted_nor_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = Gateway(tmp_path, FILE, {}, NOW_S * 1_000)

    with caplog.at_level(logging.WARNING):
        await gateway.ask("/v1/hooks/mailgun", mailgun(campaign_id="gotv-1", colour="blue"))
        await gateway.ask("/v1/hooks/sendgrid", sendgrid({"purpose": "fundraising", "colour": "blue"}))

    assert len(gateway.said) == 2
    assert counted(gateway) is None
    assert caplog.messages == []


NOW = 1_764_100_000_000
HOOK = """
[hooks.actionnetwork]
auth = "none"
source = "digital/actionnetwork"
"""
OWN_SITE = HOOK + 'provenance = { kind = "self", file = "our-site", notice = "n-2", notice_by = "form" }\n'
HASHER = Hasher([b"a key"])
SIGNATURE = FIXTURES["osdi:signature"].bytes


async def taken(folder: Path, file: str, regime: str, body: bytes = SIGNATURE) -> tuple[bytes, Refusal | None]:
    """What the gateway hands on of a signature, and why the intake of this regime takes nothing of it."""
    gateway = Gateway(folder, file, {}, NOW)
    assert (await gateway.ask("/v1/hooks/actionnetwork", body)).status == 204
    [kept] = gateway.kept.outputs
    assert kept.value is not None
    wall = Settings.model_validate({"regime": regime}).wall
    found = judge(Fetched(0, kept.value, timestamp=NOW, topic=kept.topic), HASHER, Remarks.none(), wall)
    return kept.value, found if isinstance(found, Refusal) else None


@pytest.mark.parametrize("regime", sorted(REGIMES))
async def test_a_petition_of_ones_own_site_is_taken_under_every_regime(tmp_path: Path, regime: str) -> None:
    told, refusal = await taken(tmp_path, OWN_SITE, regime)

    assert refusal is None
    assert orjson.loads(told)["data"]["provenance"] == {
        "kind": "self",
        "file": "our-site",
        "notice": "n-2",
        "notice_by": "form",
    }


@pytest.mark.parametrize("regime", ["eu", "fr"])
async def test_a_petition_of_a_hook_that_says_no_source_is_refused_with_the_cure(tmp_path: Path, regime: str) -> None:
    _, refusal = await taken(tmp_path, HOOK, regime)

    assert refusal is not None
    assert refusal.reason is Reason.REFUSED_SOURCE
    assert "self" in refusal.detail
    assert "hook" in refusal.detail
    assert "docs/provenance.md" in refusal.detail


async def test_a_hook_that_says_its_petitions_are_a_file_of_petitions_is_refused(tmp_path: Path) -> None:
    _, refusal = await taken(tmp_path, HOOK + 'provenance = { kind = "petition" }\n', "fr")

    assert refusal is not None
    assert "self" not in refusal.detail


AT_MS = 1_764_000_000_000
ADA: dict[str, JSON] = {"contact": {"email": "ada@example.org"}}
PAIR: dict[str, JSON] = {"contact_ids": ["a", "b"]}
UNTIL: dict[str, JSON] = {"until": "2025-11-24T16:00:00Z"}


def said(type_: str, data: dict[str, JSON], source: str = "digital/site") -> Interaction:
    event: JSON = {
        "specversion": "1.0",
        "id": "1",
        "source": source,
        "type": type_,
        "time": "2025-11-24T16:00:00Z",
        "data": data,
    }
    read = decode(Record(topic_of(type_), orjson.dumps(event), (), AT_MS))
    assert isinstance(read, Interaction)
    return read


def field(one: Interaction, team: str, *more: Scope) -> str | None:
    """The field that a refusal names."""
    refusal = publish_refusal(one, Caller(team, frozenset({"publish", *more})))
    return refusal.detail.partition(":")[0] if refusal else None


def test_a_token_publishes_events_of_its_own_team_alone() -> None:
    form = ADA | {"form_id": "f"}
    assert field(said("form.submitted", form), "digital") is None
    assert field(said("form.submitted", form | {"team": "digital"}), "digital") is None
    assert field(said("form.submitted", form, "finance/site"), "digital") == "source"
    assert field(said("form.submitted", form | {"team": "finance"}), "digital") == "data.team"
    assert field(said("form.submitted", form | {"team": "finance"}, "field/site"), ANY_TEAM) is None


def test_nobody_takes_back_what_another_team_was_told() -> None:
    own, other = (ADA | {"retracts": {"source": source, "id": "9"}} for source in ("digital/mail", "field/twilio"))

    assert field(said("interaction.retracted", own), "digital") is None
    assert field(said("interaction.retracted", other), "digital", "erase") == "data.retracts.source"
    assert field(said("interaction.retracted", other), ANY_TEAM) is None


COMMANDS: list[tuple[str, dict[str, JSON], str | None]] = [
    ("contact.erased", ADA, "type"),
    ("contact.provenance_forgotten", ADA | {"kind": "self"}, "type"),
    ("contact.purpose_forgotten", ADA | {"purpose": "petition-water"}, "type"),
    ("contact.erased_if_inactive", ADA | {"inactive_since": "2009-01-01T00:00:00Z"}, "type"),
    ("contact.linked", PAIR, "type"),
    ("contact.unlinked", PAIR, "type"),
    ("contact.suppressed", ADA | UNTIL, "data.until"),
    ("contact.suppressed", ADA, None),
]


def test_of_each_command_it_is_said_whether_publishing_is_enough() -> None:
    assert {type_ for type_, _, _ in COMMANDS} == {spec.name for spec in SPECS if spec.is_command}


@pytest.mark.parametrize(("type_", "data", "refused"), COMMANDS)
def test_commands_that_do_more_than_protect_want_the_scope_erase(
    type_: str, data: dict[str, JSON], refused: str | None
) -> None:
    assert field(said(type_, data), "digital") == refused
    assert field(said(type_, data), "digital", "erase") is None
    assert field(said(type_, data), ANY_TEAM) == refused
