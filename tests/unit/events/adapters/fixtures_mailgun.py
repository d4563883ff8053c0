"""What Mailgun sends, one body for each of its events, and what is made of it."""

from tests.unit.events.adapters.fixture import Fixture

AT = "2025-11-24T16:00:00.125Z"
_VARIABLES = {"campaign_id": "gotv-1", "purpose": "fundraising", "team": "digital", "voter_id": "OH:7"}
_CONTACT = {"email": "ada@example.org", "voter_id": "OH:7"}
_ABOUT: dict[str, object] = {"contact": _CONTACT, "campaign_id": "gotv-1", "team": "digital"}
_WISH: dict[str, object] = _ABOUT | {"message_id": "20251124.1.AA@mg.example.org"}
_MESSAGE: dict[str, object] = _WISH | {"purpose": "fundraising"}


def _body(name: str, **more: object) -> dict[str, object]:
    return {
        "signature": {"timestamp": "1764000000", "token": "b1946ac92492d234", "signature": "00"},
        "event-data": {
            "event": name,
            "id": "Ase7i2zsRYeDXztHGENqRA",
            "timestamp": 1_764_000_000.125,
            "log-level": "info",
            "recipient": "ada@example.org",
            "recipient-domain": "example.org",
            "message": {"headers": {"message-id": "20251124.1.AA@mg.example.org"}},
            "tags": ["gotv"],
            "campaigns": [],
            "user-variables": _VARIABLES,
            "flags": {"is-test-mode": False},
            **more,
        },
    }


def _one(type_: str, data: dict[str, object], body: dict[str, object]) -> Fixture:
    return Fixture(body, [(type_, AT, data)])


def _rejected(to: str) -> dict[str, object]:
    headers = {"to": to, "message-id": "20251124.1.AA@mg.example.org"}
    return _body("rejected", recipient=None, message={"headers": headers})


_CLIENT = {"client-name": "Mail", "client-type": "mobile browser", "user-agent": "Mail/1"}
_OPENED = _MESSAGE | {"user_agent": "Mail/1"}


def _opened(**client: object) -> dict[str, object]:
    return _body("opened", ip="192.0.2.1", **{"client-info": _CLIENT | client})


_BRACKETS = {"headers": {"message-id": "<20251124.1.AA@mg.example.org>"}}
FIXTURES = {
    "accepted": _one("email.sent", _MESSAGE, _body("accepted")),
    "rejected": _one(
        "email.dropped", _MESSAGE | {"reason": "old"}, _body("rejected", reject={"reason": "old", "description": ""})
    ),
    "rejected, its recipient in a header alone": _one("email.dropped", _MESSAGE, _rejected("Ada <ada@example.org>")),
    "rejected, of two": Fixture(
        _rejected('"Byron, Cleo" <Cleo@example.org>, bob@example.org'),
        [
            ("email.dropped", AT, _MESSAGE | {"contact": {"email": "Cleo@example.org"}}),
            ("email.dropped", AT, _MESSAGE | {"contact": {"email": "bob@example.org"}}),
        ],
    ),
    "delivered": _one("email.delivered", _MESSAGE, _body("delivered", **{"delivery-status": {"code": 250}})),
    "failed for good": _one(
        "email.bounced",
        _MESSAGE | {"kind": "hard", "reason": "no such user"},
        _body("failed", severity="permanent", reason="bounce", **{"delivery-status": {"message": "no such user"}}),
    ),
    "failed for now": _one(
        "email.deferred",
        _MESSAGE | {"reason": "generic"},
        _body("failed", severity="temporary", reason="generic", **{"delivery-status": None}),
    ),
    "never sent": _one(
        "email.dropped",
        _MESSAGE | {"reason": "suppress-unsubscribe"},
        _body("failed", severity="permanent", reason="suppress-unsubscribe"),
    ),
    "opened": _one("email.opened", _OPENED, _opened()),
    "opened by Apple": _one("email.opened", _OPENED | {"machine": True}, _opened(bot="apple")),
    "opened through Gmail": _one("email.opened", _OPENED, _opened(bot="gmail")),
    "opened by a scanner": _one("email.opened", _OPENED | {"machine": True}, _opened(bot="generic")),
    "opened by nobody's machine": _one("email.opened", _OPENED | {"machine": False}, _opened(bot=False)),
    "clicked": _one(
        "email.clicked",
        _OPENED | {"url": "https://example.org/give"},
        _body("clicked", url="https://example.org/give", **{"client-info": _CLIENT}),
    ),
    "unsubscribed": _one("email.unsubscribed", _WISH, _body("unsubscribed")),
    "complained": _one("email.complained", _WISH, _body("complained")),
    "brackets": _one(
        "email.complained",
        _WISH,
        _body("complained", message=_BRACKETS),
    ),
    "test": Fixture(_body("delivered", flags={"is-test-mode": True}), left_out="test_mode"),
    "unknown": Fixture(_body("stored"), refused="unsupported_type"),
    "neither now nor for good": Fixture(_body("failed", severity="odd"), refused="unsupported_type"),
    "no time": Fixture(_body("opened", timestamp=None), refused="no_time"),
    "nothing": Fixture({"signature": {}}, refused="invalid_data"),
}
NEW_AT_EACH_DELIVERY = ("event-data.id", "signature.token", "signature.timestamp", "signature.signature")
