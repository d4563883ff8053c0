"""What Twilio sends, here as JSON; the same as form fields is tried beside it."""

from tests.unit.events.adapters.fixture import Fixture

AT = "2025-11-24T16:00:00.000Z"
_SERVICE = "MG01"
_CONTACT = {"phone": "+12025550100"}
_SENT: dict[str, object] = {"contact": _CONTACT, "message_id": "SM01", "sender": _SERVICE, "campaign_id": "gotv-1"}
_ANSWER: dict[str, object] = {"contact": _CONTACT, "sender": _SERVICE}


def _status(status: str, **more: object) -> dict[str, object]:
    usual = {"MessageSid": "SM01", "MessageStatus": status, "To": "+12025550100", "From": "+12025550199"}
    return (
        usual | {"MessagingServiceSid": _SERVICE, "campaign_id": "gotv-1", "Timestamp": AT, "ApiVersion": "2010"} | more
    )


def _inbound(text: str, **more: object) -> dict[str, object]:
    usual = {"MessageSid": "SM02", "SmsStatus": "received", "From": "+12025550100", "To": "+12025550199", "Body": text}
    return usual | {"MessagingServiceSid": _SERVICE, "Timestamp": AT} | more


def _one(type_: str, data: dict[str, object], body: dict[str, object]) -> Fixture:
    return Fixture(body, [(type_, AT, data)])


_AGAIN = {"channel": "text", "granted": True, "basis": "START"}
_NOT_SENT = ("accepted", "scheduled", "queued", "sending", "canceled")
FIXTURES = {
    **{status: Fixture(_status(status), left_out="not_sent") for status in _NOT_SENT},
    "sent": _one("text.sent", _SENT, _status("sent")),
    "delivered": _one("text.delivered", _SENT, _status("delivered")),
    "read": _one("text.delivered", _SENT, _status("read")),
    "undelivered": _one("text.failed", _SENT, _status("undelivered", ErrorCode="30003")),
    "failed": _one("text.failed", _SENT, _status("failed")),
    "sent by a number": _one(
        "text.sent", _SENT | {"sender": "+12025550199"}, _status("sent", MessagingServiceSid=None)
    ),
    "of an export": _one("text.sent", _SENT, _status("sent", DateSent="Mon, 24 Nov 2025 16:00:00 +0000")),
    "answer": _one("text.replied", _ANSWER, _inbound("Count me in!")),
    "HELP": _one("text.replied", _ANSWER | {"keyword": "HELP"}, _inbound("help")),
    "STOP": _one("text.opted_out", _ANSWER | {"keyword": "STOP"}, _inbound(" Stop ")),
    "OptOutType STOP": _one("text.opted_out", _ANSWER | {"keyword": "STOP"}, _inbound("Arrêt", OptOutType="STOP")),
    "START": _one("consent.changed", _ANSWER | _AGAIN, _inbound("start")),
    "STOP in a sentence": _one("text.opted_out", _ANSWER | {"keyword": "STOP"}, _inbound("Stop texting me!")),
    "STOP with a dot": _one("text.opted_out", _ANSWER | {"keyword": "STOP"}, _inbound("stop.")),
    "opt-out": _one("text.opted_out", _ANSWER | {"keyword": "OPTOUT"}, _inbound("Opt-out please")),
    "a sentence with an end": _one("text.replied", _ANSWER, _inbound("End the war")),
    "YES to a question": _one("text.replied", _ANSWER, _inbound("Yes")),
    "YES that Twilio takes for START": _one("consent.changed", _ANSWER | _AGAIN, _inbound("Yes", OptOutType="START")),
    "STOP through WhatsApp": _one(
        "text.opted_out", _ANSWER | {"keyword": "STOP"}, _inbound("stop", From="whatsapp:+12025550100")
    ),
    "unknown": Fixture(_status("pondering"), refused="unsupported_type"),
    "no time": Fixture(_status("sent", Timestamp="noon"), refused="no_time"),
    "nobody": Fixture(_status("sent", To="", From=""), refused="no_identifier"),
}
NEW_AT_EACH_DELIVERY = ("ApiVersion", "AccountSid")
