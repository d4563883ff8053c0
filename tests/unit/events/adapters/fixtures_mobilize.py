"""Attendances of Mobilize, and what is made of them."""

from tests.unit.events.adapters.fixture import Fixture

AT = "2025-11-24T16:00:00.000Z"
LATER = "2025-11-24T17:00:00.000Z"
_CONTACT = {
    "email": "ada@example.org",
    "phone": "2025550100",
    "external": {"mobilize": "51"},
    "postal_code": "44308",
}
_PLACE: dict[str, object] = {
    "contact": _CONTACT,
    "event_id": "mobilize:7:70",
    "starts_at": "2025-11-24T18:00:00.000Z",
}
_MADE = ("rsvp.made", AT, _PLACE)


def _body(person: dict[str, object] | None = None, **more: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "id": 900,
        "created_date": 1_764_000_000,
        "modified_date": 1_764_003_600,
        "status": "REGISTERED",
        "attended": None,
        "event": {"id": 7, "title": "Knock with us"},
        "timeslot": {"id": 70, "start_date": 1_764_007_200, "end_date": 1_764_014_400},
        "person": {
            "person_id": 51,
            "given_name": "Ada",
            "email_addresses": [{"primary": True, "address": "ada@example.org"}],
            "phone_numbers": [{"primary": True, "number": "2025550100"}],
            "postal_addresses": [{"primary": True, "postal_code": "44308"}],
            **(person or {}),
        },
    }
    return usual | more


_STARTS = "2025-11-24T18:00:00.000Z"
_OVER_LATER = {"id": 70, "start_date": 1_764_099_000, "end_date": 1_764_140_000}
FIXTURES = {
    "registered": Fixture(_body(), [_MADE]),
    "confirmed": Fixture(_body(status="CONFIRMED"), [_MADE]),
    "a page of the API": Fixture({"data": [_body()], "count": 1}, [_MADE]),
    "cancelled": Fixture(_body(status="CANCELLED"), [_MADE, ("rsvp.cancelled", LATER, _PLACE)]),
    "came": Fixture(_body(attended=True), [_MADE, ("rsvp.attended", _STARTS, _PLACE)]),
    "did not come": Fixture(_body(attended=False), [_MADE, ("rsvp.no_show", _STARTS, _PLACE)]),
    "checked in long before the end": Fixture(
        _body(attended=True, timeslot=_OVER_LATER),
        [
            ("rsvp.made", AT, _PLACE | {"starts_at": "2025-11-25T19:30:00.000Z"}),
            ("rsvp.attended", "2025-11-25T19:30:00.000Z", _PLACE | {"starts_at": "2025-11-25T19:30:00.000Z"}),
        ],
    ),
    "texts, by what Mobilize holds": Fixture(_body({"sms_opt_in_status": "OPT_IN"}), [_MADE]),
    "no texts": Fixture(
        _body({"sms_opt_in_status": "OPT_OUT"}),
        [
            _MADE,
            ("consent.changed", LATER, {"contact": _CONTACT, "channel": "text", "granted": False, "basis": "mobilize"}),
        ],
    ),
    "an event without shifts": Fixture(
        _body(timeslot=None), [("rsvp.made", AT, {"contact": _CONTACT, "event_id": "mobilize:7"})]
    ),
    "no attendance": Fixture({"id": 7, "title": "Knock with us"}, refused="unsupported_type"),
    "no time": Fixture(_body(created_date=None), refused="no_time"),
    "nobody": Fixture(_body() | {"person": {}}, refused="no_identifier"),
}
NEW_AT_EACH_DELIVERY = ("count",)
