"""Interactions of Movement Infrastructure, and what is made of them."""

from tests.unit.events.adapters.fixture import HASHED, Fixture

AT = "2025-11-24T16:00:00.000Z"
_CONTACT = {"voter_id": "OH:7", "external": {"van": "118"}, "email": "ada@example.org", "region": "US-OH"}
_ABOUT: dict[str, object] = {"contact": _CONTACT, "campaign_id": "i-1"}
_REPORT: dict[str, object] = _ABOUT | {"method": "door", "outcome": "contacted", "canvasser_id": "c-7"}


def _body(method: str, outcome: str, *details: dict[str, object], **more: object) -> dict[str, object]:
    return {
        "interactionId": "11111111-aa",
        "person": [{"id": "118", "type": "van"}, {"id": "7", "type": "voter_id"}],
        "contactInfo": {"email": ["ada@example.org"], "firstName": "Ada"},
        "stateCode": "OH",
        "attemptDateTime": "2025-11-24T16:00:00Z",
        "method": method,
        "committee": [{"type": "fec", "id": "C1"}],
        "canvasser": [{"type": "van", "id": "c-7"}],
        "vendorSource": "walker",
        "outcome": outcome,
        "outcomesDetailed": list(details),
        "initiative": [{"type": "program", "id": "i-1"}],
        **more,
    }


def _answer(operation: str = "create") -> dict[str, object]:
    value = {"questionId": 17, "questionText": "What matters?", "responseId": 3, "responseText": "jobs"}
    return {"type": "survey_response", "value": value, "operation": operation}


def _code(operation: str = "create") -> dict[str, object]:
    return {"type": "activist_code", "value": {"activistCodeId": 5, "text": "volunteer"}, "operation": operation}


def _consent(status: str) -> dict[str, object]:
    return {"type": "communication_consent", "value": {"consentStatus": status}, "operation": "create"}


def _consented(channel: str, *, granted: bool) -> tuple[str, str, dict[str, object]]:
    return "consent.changed", AT, {"contact": _CONTACT, "channel": channel, "granted": granted, "basis": "movement"}


def _canvass(method: str, outcome: str, shown: str, met: str) -> Fixture:
    data = _REPORT | {"method": shown, "outcome": met}
    return Fixture(_body(method, outcome), [("canvass.reported", AT, data)])


def _message(method: str, outcome: str, type_: str, **more: object) -> Fixture:
    return Fixture(_body(method, outcome), [(type_, AT, _ABOUT | {"message_id": HASHED} | more)])


_OTHER = _code("delete") | {"value": {"activistCodeId": 6}}
_GONE = (
    "interaction.retracted",
    AT,
    {"contact": _CONTACT, "retracts": {"source": "digital/vendor", "id": HASHED}},
)
FIXTURES = {
    "contact at the door": _canvass("door_knock", "successful_contact", "door", "contacted"),
    "nobody at the door": _canvass("door_knock", "no_answer", "door", "not_home"),
    "nobody on the phone": _canvass("phone_call", "no_answer", "phone", "no_answer"),
    "dialer": _canvass("dialer_call", "left_message", "phone", "left_message"),
    "robot": _canvass("robo_call", "left_message", "phone", "left_message"),
    "text": _canvass("text", "wrong_number", "text", "wrong_number"),
    "broadcast": _canvass("text_broadcast", "refused", "text", "refused"),
    "letter": _canvass("letter", "moved", "letter", "moved"),
    "mail": _canvass("mail", "deceased", "letter", "deceased"),
    "friend": _canvass("one_on_one", "successful_contact", "relational", "contacted"),
    **{
        outcome: _canvass("door_knock", outcome, "door", met)
        for outcome, met in {
            "inaccessible": "inaccessible",
            "language_barrier": "language_barrier",
            "hostile": "refused",
            "lit_drop": "lit_drop",
            "other": "other",
            "unknown": "other",
        }.items()
    },
    "dead number": _canvass("phone_call", "permanently_undeliverable", "phone", "disconnected"),
    "e-mail delivered": _message("email", "delivered", "email.delivered"),
    "e-mail opened": _message("email", "email_opened", "email.opened"),
    "link": _message("email", "clicked_link", "email.clicked"),
    "spam": _message("email", "marked_spam", "email.complained"),
    "e-mail came back": _message("email", "permanently_undeliverable", "email.bounced", kind="hard"),
    "e-mail waits": _message("email", "deliverability_error", "email.bounced", kind="soft"),
    "text delivered": _message("text", "delivered", "text.delivered"),
    "text failed": _message("text", "deliverability_error", "text.failed"),
    "form": Fixture(_body("web_interaction", "submitted_form"), [("form.submitted", AT, _ABOUT | {"form_id": "i-1"})]),
    "answers": Fixture(
        _body("door_knock", "successful_contact", _answer(), _code(), _OTHER),
        [
            (
                "canvass.reported",
                AT,
                _REPORT
                | {"answers": {"movement:17": "jobs"}, "tags_added": ["movement:5"], "tags_removed": ["movement:6"]},
            )
        ],
    ),
    "all deleted": Fixture(
        _body("door_knock", "successful_contact", _answer("delete"), _code("delete")),
        [_GONE],
    ),
    "said no": Fixture(
        _body("text", "successful_contact", _consent("opted_out")),
        [("canvass.reported", AT, _REPORT | {"method": "text"}), _consented("text", granted=False)],
    ),
    "said yes by text": Fixture(
        _body("text", "successful_contact", _consent("opted_in")),
        [("canvass.reported", AT, _REPORT | {"method": "text"}), _consented("text", granted=True)],
    ),
    "said yes": Fixture(
        _body("email", "email_opened", _consent("opted_in")),
        [("email.opened", AT, _ABOUT | {"message_id": HASHED}), _consented("email", granted=True)],
    ),
    "said yes to nothing in particular": Fixture(
        _body("one_on_one", "successful_contact", _consent("opted_in")),
        [("canvass.reported", AT, _REPORT | {"method": "relational"})],
        left_out="consent_to_no_channel",
    ),
    "said no to everything": Fixture(
        _body("one_on_one", "successful_contact", _consent("opted_out")),
        [("canvass.reported", AT, _REPORT | {"method": "relational"}), _consented("all", granted=False)],
    ),
    "a yes that was none": Fixture(
        _body("text", "successful_contact", _consent("opted_in") | {"operation": "delete"}), [_GONE, _GONE]
    ),
    "a request": Fixture(
        {"interactions": [_body("door_knock", "successful_contact")]}, [("canvass.reported", AT, _REPORT)]
    ),
    "advertisement": Fixture(_body("digital_ad", "clicked_link"), refused="unsupported_type"),
    **{
        method: Fixture(_body(method, "successful_contact"), refused="unsupported_type")
        for method in ("unknown method", "Event", "hot_spot", "web_interaction")
    },
    "opened at a door": Fixture(_body("door_knock", "email_opened"), refused="unsupported_type"),
    "unknown": Fixture(_body("door_knock", "danced"), refused="unsupported_type"),
    "no time": Fixture(_body("door_knock", "refused", attemptDateTime="noon"), refused="no_time"),
    "nobody": Fixture(_body("door_knock", "refused", person=[], contactInfo={}), refused="no_identifier"),
}
NEW_AT_EACH_DELIVERY = ("interactionId",)
