"""What Action Network sends, one action for each of its types, and what is made of it."""

from tests.unit.events.adapters.fixture import Fixture

AT = "2025-11-24T16:00:00.000Z"
_PERSON = {
    "given_name": "Ada",
    "family_name": "Example",
    "email_addresses": [
        {"address": "old@example.org", "primary": False},
        {"address": "ada@example.org", "primary": True, "status": "subscribed"},
    ],
    "phone_numbers": [{"number": "2025550100"}],
    "postal_addresses": [{"region": "OH", "postal_code": "44308", "country": "US", "primary": True}],
    "languages_spoken": ["en"],
}
_CONTACT = {
    "email": "ada@example.org",
    "phone": "2025550100",
    "external": {"actionnetwork": "p-1"},
    "language": "en",
    "region": "US-OH",
    "postal_code": "44308",
}


def _links(**more: str) -> dict[str, object]:
    named = {"self": "s-1", "osdi:person": "people/p-1"} | {f"osdi:{name}": f"x/{id_}" for name, id_ in more.items()}
    return {name: {"href": f"https://actionnetwork.org/api/v2/{end}"} for name, end in named.items()}


def _body(kind: str, links: dict[str, object], **action: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "identifiers": ["action_network:a-1"],
        "created_date": "2025-11-24T16:00:00Z",
        "modified_date": "2025-11-24T16:00:00Z",
        "person": _PERSON,
        "_links": links,
    }
    return {kind: usual | action, "action_network:sponsor": {"title": "Local 9"}, "idempotency_key": "k-1"}


def _donation(**action: object) -> dict[str, object]:
    return _body("osdi:donation", _links(fundraising_page="f-1"), **({"amount": "25.50", "currency": "USD"} | action))


_GIFT: dict[str, object] = {
    "contact": _CONTACT,
    "donation_id": "actionnetwork:a-1",
    "amount": 2550,
    "currency": "USD",
}
_MADE = ("donation.made", AT, _GIFT | {"period": "once"})


def _canvass(**action: object) -> dict[str, object]:
    return _body("osdi:canvass", _links(canvasser="c-7"), **({"contact_type": "door", "success": True} | action))


_REPORT: dict[str, object] = {
    "contact": _CONTACT,
    "method": "door",
    "outcome": "contacted",
    "report_id": "a-1",
    "canvasser_id": "c-7",
}
_SILENT: dict[str, object] = {
    "email_addresses": [{"address": "ada@example.org", "status": "unsubscribed"}],
    "phone_numbers": [{"number": "2025550100", "do_not_call": True, "status": "unsubscribed"}],
}
_ANNOYED: dict[str, object] = {"email_addresses": [{"address": "ada@example.org", "status": "spam complaints"}]}
FIXTURES = {
    "osdi:donation": Fixture(_donation(), [_MADE]),
    "donation of ActBlue's": Fixture(
        _donation(identifiers=["action_network:a-1", "act_blue:9001"]),
        [("donation.made", AT, _MADE[2] | {"donation_id": "actblue:9001"})],
    ),
    "donation each month": Fixture(
        _donation(**{"action_network:recurrence": {"recurring": True, "period": "Monthly"}}),
        [("donation.made", AT, _GIFT | {"period": "monthly"})],
    ),
    "donation each month, in Spanish": Fixture(
        _donation(**{"action_network:recurrence": {"recurring": True, "period": "Mensual"}}),
        [("donation.made", AT, _GIFT)],
    ),
    "donation from a link": Fixture(
        _donation(**{"action_network:referrer_data": {"source": "nov-mail", "website": "none"}}),
        [("donation.made", AT, _MADE[2] | {"refcode": "nov-mail"})],
    ),
    "donation to two": Fixture(
        _donation(amount=None, recipients=[{"amount": "20.00"}, {"amount": "5.50"}]),
        [_MADE],
    ),
    "donation in yen": Fixture(
        _donation(amount="2550", currency="JPY"),
        [("donation.made", AT, _MADE[2] | {"currency": "JPY"})],
    ),
    "donation voided": Fixture(
        _donation(voided=True, voided_date="2025-11-24T17:00:00Z"),
        [
            _MADE,
            (
                "donation.refunded",
                "2025-11-24T17:00:00.000Z",
                _GIFT | {"refund_id": "actionnetwork:a-1", "kind": "void"},
            ),
        ],
    ),
    "donation without an amount": Fixture(_donation(amount=None), refused="invalid_data"),
    "osdi:signature": Fixture(
        _body("osdi:signature", _links(petition="q-1"), comments="Please"),
        [("form.submitted", AT, {"contact": _CONTACT, "form_id": "q-1", "kind": "petition"})],
    ),
    "signature of somebody who takes no mail, calls or texts": Fixture(
        _body("osdi:signature", _links(petition="q-1"), person=_PERSON | _SILENT),
        [
            ("form.submitted", AT, {"contact": _CONTACT, "form_id": "q-1", "kind": "petition"}),
            ("email.unsubscribed", AT, {"contact": _CONTACT}),
            ("consent.changed", AT, {"contact": _CONTACT, "channel": "phone", "granted": False}),
            ("consent.changed", AT, {"contact": _CONTACT, "channel": "text", "granted": False}),
        ],
    ),
    "signature after a complaint": Fixture(
        _body("osdi:signature", _links(petition="q-1"), person=_PERSON | _ANNOYED),
        [
            ("form.submitted", AT, {"contact": _CONTACT, "form_id": "q-1", "kind": "petition"}),
            ("email.complained", AT, {"contact": _CONTACT}),
        ],
    ),
    "osdi:submission": Fixture(
        _body("osdi:submission", _links(form="q-2")),
        [("form.submitted", AT, {"contact": _CONTACT, "form_id": "q-2", "kind": "signup"})],
    ),
    "osdi:outreach": Fixture(
        _body("osdi:outreach", _links(advocacy_campaign="q-3")),
        [("form.submitted", AT, {"contact": _CONTACT, "form_id": "q-3", "kind": "petition"})],
    ),
    "osdi:attendance": Fixture(
        _body("osdi:attendance", _links(event="e-1"), status="accepted"),
        [("rsvp.made", AT, {"contact": _CONTACT, "event_id": "e-1"})],
    ),
    "attendance declined": Fixture(
        _body("osdi:attendance", _links(event="e-1"), status="declined"),
        [("rsvp.cancelled", AT, {"contact": _CONTACT, "event_id": "e-1"})],
    ),
    "attendance cancelled": Fixture(
        _body("osdi:attendance", _links(event="e-1"), status="cancelled", modified_date="2025-11-24T17:00:00Z"),
        [("rsvp.cancelled", "2025-11-24T17:00:00.000Z", {"contact": _CONTACT, "event_id": "e-1"})],
    ),
    "invitation": Fixture(
        _body("osdi:attendance", _links(event="e-1"), status="needs action"), left_out="not_answered"
    ),
    "canvass by e-mail": Fixture(_canvass(contact_type="email"), refused="unsupported_type"),
    "osdi:canvass": Fixture(_canvass(), [("canvass.reported", AT, _REPORT)]),
    "canvass of nobody": Fixture(
        _canvass(status_code="not-home", success=False), [("canvass.reported", AT, _REPORT | {"outcome": "not_home"})]
    ),
    "canvass by owl": Fixture(_canvass(contact_type="owl"), refused="unsupported_type"),
    "action_network:upload": Fixture(_body("action_network:upload", _links()), left_out="upload"),
    "action_network:action": Fixture(_body("action_network:action", _links()), left_out="action"),
    "unknown": Fixture(_body("osdi:dance", _links()), refused="unsupported_type"),
    "no time": Fixture(_donation(created_date=None), refused="no_time"),
    "nobody": Fixture(_body("osdi:signature", {}, person={}), refused="no_identifier"),
}
NEW_AT_EACH_DELIVERY = ("idempotency_key",)
