"""What SendGrid sends, one element for each of its events, and what is made of it."""

from tests.unit.events.adapters.fixture import Fixture

_USUAL: dict[str, object] = {
    "email": "Ada@Example.org",
    "timestamp": 1_764_000_000,
    "sg_event_id": "ZXZlbnQtMQ",
    "sg_message_id": "mZ81kq.filter0411p1mdw1-22-AF.0",
    "smtp-id": "<mZ81kq@geopod>",
    "category": ["gotv", "november"],
    "campaign_id": "gotv-1",
    "purpose": "mobilisation",
    "experiment_id": "x12",
    "experiment_variant": "B",
    "external_van": "118",
}
_CONTACT = {"email": "Ada@Example.org", "external": {"van": "118"}}
_ABOUT: dict[str, object] = {"contact": _CONTACT, "campaign_id": "gotv-1"}
_MESSAGE: dict[str, object] = {
    **_ABOUT,
    "message_id": "mZ81kq",
    "purpose": "mobilisation",
    "experiment": {"id": "x12", "variant": "B"},
}


def _fixture(name: str, type_: str, data: dict[str, object], **fields: object) -> Fixture:
    return Fixture({**_USUAL, "event": name, **fields}, [(type_, "2025-11-24T16:00:00.000Z", data)])


FIXTURES = {
    "processed": _fixture("processed", "email.sent", _MESSAGE, pool={"name": "fast", "id": 3}),
    "dropped": _fixture("dropped", "email.dropped", _MESSAGE | {"reason": "Bounced Address"}, reason="Bounced Address"),
    "delivered": _fixture("delivered", "email.delivered", _MESSAGE, response="250 OK"),
    "deferred": _fixture("deferred", "email.deferred", _MESSAGE | {"reason": "wait"}, response="wait", attempt="5"),
    "bounce": _fixture(
        "bounce",
        "email.bounced",
        _MESSAGE | {"kind": "hard", "reason": "550"},
        type="bounce",
        reason="550",
    ),
    "blocked": _fixture("bounce", "email.bounced", _MESSAGE | {"kind": "soft"}, type="blocked"),
    "late bounce": _fixture(
        "bounce",
        "email.bounced",
        _MESSAGE | {"kind": "hard", "message_id": "unnamed:1764000000"},
        **{"type": "bounce", "sg_message_id": None, "smtp-id": None},
    ),
    "open": _fixture(
        "open",
        "email.opened",
        _MESSAGE | {"user_agent": "Mail/1", "machine": True},
        useragent="Mail/1",
        sg_machine_open=True,
        ip="192.0.2.1",
    ),
    "click": _fixture(
        "click",
        "email.clicked",
        _MESSAGE | {"user_agent": "Web/1", "url": "https://example.org/give?a=1"},
        useragent="Web/1",
        url="https://example.org/give?a=1",
        url_offset={"index": 2, "type": "html"},
    ),
    "spamreport": _fixture("spamreport", "email.complained", _ABOUT | {"message_id": "mZ81kq"}),
    "spam report": _fixture("spam report", "email.complained", _ABOUT | {"message_id": "mZ81kq"}),
    "unsubscribe": _fixture("unsubscribe", "email.unsubscribed", _ABOUT | {"message_id": "mZ81kq"}),
    "group_unsubscribe": _fixture(
        "group_unsubscribe", "email.unsubscribed", _ABOUT | {"message_id": "mZ81kq", "list_id": "77"}, asm_group_id=77
    ),
    "group_resubscribe": _fixture(
        "group_resubscribe",
        "consent.changed",
        _ABOUT | {"channel": "email", "granted": True, "list_id": "77"},
        asm_group_id=77,
    ),
    "group_resubscribe to no group": Fixture({**_USUAL, "event": "group_resubscribe"}, refused="invalid_data"),
    "a long name of a browser": _fixture(
        "open", "email.opened", _MESSAGE | {"user_agent": "M" * 1_024}, useragent="M" * 2_000
    ),
    "a mail server that repeats the address": _fixture(
        "bounce",
        "email.bounced",
        _MESSAGE | {"kind": "hard", "reason": "550 <…>: unknown"},
        type="bounce",
        reason="550 <ada@example.org>: unknown",
    ),
    "an unsubscribe with what the contract does not know": _fixture(
        "unsubscribe",
        "email.unsubscribed",
        {"contact": _CONTACT, "message_id": "mZ81kq"},
        **{
            "contact_id": "Ada Example",
            "voter_id": "7",
            "region": "Ohio",
            "time_zone": "Eastern",
            "campaign_id": "c" * 300,
            "external_Van ": "118",
            "external_x": "x" * 300,
        },
    ),
    "account_status_change": Fixture(
        {
            "event": "account_status_change",
            "sg_event_id": "MTAwLTI",
            "timestamp": 1_764_000_000,
            "type": "compliance_suspend",
        },
        left_out="account_status_change",
    ),
    "unknown": Fixture({**_USUAL, "event": "teleported"}, refused="unsupported_type"),
    "no time": Fixture({**_USUAL, "event": "open", "timestamp": "soon"}, refused="no_time"),
    "nobody": Fixture({"event": "open", "timestamp": 1_764_000_000, "sg_message_id": "m"}, refused="no_identifier"),
}
NEW_AT_EACH_DELIVERY = ("sg_event_id",)
