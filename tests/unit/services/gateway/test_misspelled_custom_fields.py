"""Webhooks with a misspelled custom field are taken, counted and named in the log."""

import logging
from pathlib import Path

import orjson
import pytest

from tests.unit.services.gateway.in_process import Gateway

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
