"""What ActBlue sends of its three kinds, and what is made of it."""

from tests.unit.events.adapters.fixture import HASHED, Fixture

_PAID = "2025-11-24T11:00:00-05:00"
AT = "2025-11-24T16:00:00.000Z"
_CONTACT = {"email": "ada@example.org", "phone": "2025550100", "region": "US-OH", "postal_code": "44308"}
_GIFT: dict[str, object] = {
    "contact": _CONTACT,
    "donation_id": "actblue:9001",
    "amount": 2550,
    "currency": "USD",
    "committee": "C00431171",
}
_MADE = ("donation.made", AT, _GIFT | {"period": "once", "refcode": "nov-mail"})
_REFUNDED = ("donation.refunded", AT, _GIFT | {"refund_id": "actblue:9001"})


def _body(items: list[dict[str, object]] | None = None, **contribution: object) -> dict[str, object]:
    return {
        "donor": {
            "firstname": "Ada",
            "lastname": "Example",
            "addr1": "1 Main St",
            "city": "Akron",
            "state": "OH",
            "zip": "44308",
            "country": "United States",
            "email": "ada@example.org",
            "phone": "2025550100",
        },
        "contribution": {
            "createdAt": _PAID,
            "orderNumber": "AB500",
            "refcode": "nov-mail",
            "refcodes": {"refcode": "nov-mail"},
            "recurringPeriod": "once",
            "status": "approved",
            "uniqueIdentifier": "u-1",
            **contribution,
        },
        "lineitems": [_item()] if items is None else items,
        "form": {"name": "november", "kind": "page"},
    }


def _item(**more: object) -> dict[str, object]:
    usual = {"sequence": 0, "entityId": 77, "fecId": "C00431171", "committeeName": "Friends", "amount": "25.5"}
    return usual | {"paidAt": _PAID, "paymentId": 4, "lineitemId": 9001} | more


def _texts(*, granted: bool) -> tuple[str, str, dict[str, object]]:
    said: dict[str, object] = {"contact": _CONTACT, "channel": "text", "granted": granted, "basis": "actblue"}
    return "consent.changed", AT, said


_REFUND = {"source": "digital/vendor", "id": HASHED}
_CANCELLED: tuple[str, str, dict[str, object]] = (
    "donation.pledge_cancelled",
    AT,
    {"contact": _CONTACT, "pledge_id": "actblue:AB500"},
)
_MONTHLY = {"pledge_id": "actblue:AB500", "period": "monthly", "instalment": 3, "refcode": "nov-mail"}
FIXTURES = {
    "contribution": Fixture(_body(), [_MADE]),
    "two line items": Fixture(
        _body([_item(), _item(lineitemId=9002, fecId=None, amount=10)]),
        [_MADE, ("donation.made", AT, _MADE[2] | {"donation_id": "actblue:9002", "amount": 1000, "committee": "77"})],
    ),
    "instalment": Fixture(
        _body([_item(sequence=3)], recurringPeriod="monthly"), [("donation.made", AT, _GIFT | _MONTHLY)]
    ),
    "abroad": Fixture(
        _body() | {"donor": {"email": "ada@example.org", "country": "Canada", "zip": "K1A 0B1", "state": "ON"}},
        [("donation.made", AT, _MADE[2] | {"contact": {"email": "ada@example.org"}})],
    ),
    "texts": Fixture(_body(textMessageOption="opt_in"), [_MADE, _texts(granted=True)]),
    "refund": Fixture(_body([_item(refundedAt=_PAID)]), [_REFUNDED]),
    "refund recovered": Fixture(
        _body([_item(refundedAt=_PAID, recoveredAt="2025-11-24T12:00:00-05:00")]),
        [
            _REFUNDED,
            ("interaction.retracted", "2025-11-24T17:00:00.000Z", {"contact": _CONTACT, "retracts": _REFUND}),
        ],
    ),
    "cancellation": Fixture(
        _body(cancelledAt=_PAID, recurringPeriod="monthly"),
        [_CANCELLED],
    ),
    "no texts": Fixture(_body(textMessageOption="opt_out"), [_MADE, _texts(granted=False)]),
    "refund of a pledge that was cancelled": Fixture(
        _body([_item(refundedAt=_PAID)], cancelledAt=_PAID, recurringPeriod="monthly"),
        [_REFUNDED, _CANCELLED],
    ),
    "refund with a status of its own": Fixture(_body([_item(refundedAt=_PAID)], status="refunded"), [_REFUNDED]),
    "a comma that is no thousand": Fixture(_body([_item(amount="25,50")]), refused="invalid_data"),
    "a thousand": Fixture(_body([_item(amount="1,025.50")]), [("donation.made", AT, _MADE[2] | {"amount": 102_550})]),
    "not approved": Fixture(_body(status="declined"), left_out="not_approved"),
    "part of a cent": Fixture(_body([_item(amount="1.005")]), refused="invalid_data"),
    "a line item without an id": Fixture(_body([_item(), _item(lineitemId=None)]), [_MADE], refused="invalid_data"),
    "no line item": Fixture(_body([]), refused="invalid_data"),
    "no time": Fixture(_body([_item(paidAt="soon")]), refused="no_time"),
    "nobody": Fixture(_body() | {"donor": {}}, refused="no_identifier"),
}
NEW_AT_EACH_DELIVERY = ("contribution.uniqueIdentifier",)
