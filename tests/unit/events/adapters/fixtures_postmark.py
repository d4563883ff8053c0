"""What Postmark sends, one body for each of its records, and what is made of it."""

from tests.unit.events.adapters.fixture import Fixture

_AT = "2025-11-24T16:00:00.1234567Z"
AT = "2025-11-24T16:00:00.123Z"
_METADATA = {"campaign_id": "gotv-1", "list_id": "news", "external_van": "118"}
_ABOUT: dict[str, object] = {
    "contact": {"email": "ada@example.org", "external": {"van": "118"}},
    "campaign_id": "gotv-1",
}
_WISH: dict[str, object] = _ABOUT | {"message_id": "00000000-aa"}
_MESSAGE: dict[str, object] = _WISH | {"list_id": "news"}


def _body(kind: str, **more: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "RecordType": kind,
        "MessageID": "00000000-aa",
        "MessageStream": "outbound",
        "Tag": "gotv",
        "Metadata": _METADATA,
        "ServerID": 23,
    }
    return usual | more


def _one(type_: str, data: dict[str, object], body: dict[str, object]) -> Fixture:
    return Fixture(body, [(type_, AT, data)])


def _bounce(kind: str, record: str = "Bounce") -> dict[str, object]:
    return _body(
        record, ID=42, Type=kind, TypeCode=1, Email="ada@example.org", BouncedAt=_AT, Description="It came back"
    )


def _change(**more: object) -> dict[str, object]:
    usual: dict[str, object] = {"Recipient": "ada@example.org", "ChangedAt": _AT, "SuppressSending": True}
    return _body("SubscriptionChange", **(usual | more))


_BOUNCED = _MESSAGE | {"reason": "It came back"}
_READ: dict[str, object] = {
    "Recipient": "ada@example.org",
    "ReceivedAt": _AT,
    "UserAgent": "Mail/1",
    "Geo": {"City": "Akron"},
}
FIXTURES = {
    "Open": _one("email.opened", _MESSAGE | {"user_agent": "Mail/1"}, _body("Open", FirstOpen=True, **_READ)),
    "Click": _one(
        "email.clicked",
        _MESSAGE | {"user_agent": "Mail/1", "url": "https://example.org/"},
        _body("Click", ClickLocation="HTML", OriginalLink="https://example.org/", **_READ),
    ),
    "Delivery": _one(
        "email.delivered", _MESSAGE, _body("Delivery", Recipient="ada@example.org", DeliveredAt=_AT, Details="250")
    ),
    "HardBounce": _one("email.bounced", _BOUNCED | {"kind": "hard"}, _bounce("HardBounce")),
    "SoftBounce": _one("email.bounced", _BOUNCED | {"kind": "soft"}, _bounce("SoftBounce")),
    "SpamNotification": _one("email.complained", _WISH, _bounce("SpamNotification")),
    "Unsubscribe": _one("email.unsubscribed", _WISH | {"list_id": "outbound"}, _bounce("Unsubscribe")),
    "AutoResponder": Fixture(_bounce("AutoResponder"), left_out="no_bounce"),
    "SpamComplaint": _one("email.complained", _WISH, _bounce("SpamComplaint", "SpamComplaint")),
    "left": _one(
        "email.unsubscribed",
        _WISH | {"list_id": "outbound"},
        _change(Origin="Recipient", SuppressionReason="ManualSuppression"),
    ),
    "put out": _one(
        "email.unsubscribed",
        _WISH | {"list_id": "outbound"},
        _change(Origin="Customer", SuppressionReason="ManualSuppression", MessageID="00000000-aa"),
    ),
    "closed after a bounce": Fixture(_change(Origin="Recipient", SuppressionReason="HardBounce"), left_out="bounced"),
    "came back": _one(
        "consent.changed",
        _ABOUT | {"channel": "email", "granted": True, "list_id": "outbound"},
        _change(SuppressSending=False, Origin="Recipient", SuppressionReason=None),
    ),
    "let in by the campaign": Fixture(_change(SuppressSending=False, Origin="Customer"), left_out="opened_by_campaign"),
    "came back to no stream": Fixture(
        _change(SuppressSending=False, Origin="Recipient", MessageStream=None), left_out="opens_no_stream"
    ),
    "Inbound": Fixture(_body("Inbound"), refused="unsupported_type"),
    "no time": Fixture(_body("Open", **(_READ | {"ReceivedAt": "yesterday"})), refused="no_time"),
    "nobody": Fixture(_body("Open", **(_READ | {"Recipient": None, "Metadata": {}})), refused="no_identifier"),
}
NEW_AT_EACH_DELIVERY = ("ID", "ServerID")
