"""Canvass responses of NGP VAN, and what is made of them with the codes of `FEED`."""

from tests.unit.events.adapters.fixture import Fixture

AT = "2025-11-24T16:00:00.000Z"
_CONTACT = {"external": {"van": "118"}}
_REPORT: dict[str, object] = {"contact": _CONTACT, "method": "door", "outcome": "contacted", "campaign_id": "3"}


def _body(code: int | None, *responses: dict[str, object], **context: object) -> dict[str, object]:
    usual = {"contactTypeId": 2, "inputTypeId": 11, "dateCanvassed": "2025-11-24T11:00:00-05:00", "campaignId": 3}
    return {
        "vanId": 118,
        "canvassContext": usual | context,
        "resultCodeId": code,
        "responses": list(responses) or None,
    }


def _answer(question: int, response: int) -> dict[str, object]:
    return {"type": "SurveyResponse", "surveyQuestionId": question, "surveyResponseId": response}


_DONE: dict[str, object] = {"type": "ActivistCode", "activistCodeId": 5, "action": "Apply"}
_GONE: dict[str, object] = {"type": "ActivistCode", "activistCodeId": 6, "action": "Remove"}
_HELPS: dict[str, object] = {"type": "VolunteerActivity", "volunteerActivityId": 8, "action": "Apply"}
_NUMBER = {"dialingPrefix": "1", "phoneNumber": "202-555-0100", "smsOptInStatus": "O"}
_BY_TEXT = _CONTACT | {"phone": "+1 202-555-0100"}
FIXTURES = {
    "a code": Fixture(_body(18), [("canvass.reported", AT, _REPORT | {"outcome": "busy"})]),
    "answers": Fixture(
        _body(None, _answer(17, 170), _answer(90, 905), _DONE, _GONE, _HELPS),
        [
            (
                "canvass.reported",
                AT,
                _REPORT
                | {
                    "answers": {"van:17": "170", "van:90": "905"},
                    "support": 5,
                    "tags_added": ["van:5", "van:volunteer:8"],
                    "tags_removed": ["van:6"],
                },
            )
        ],
    ),
    "no more texts": Fixture(
        _body(14, contactTypeId=37, phone=_NUMBER),
        [
            ("canvass.reported", AT, _REPORT | {"contact": _BY_TEXT, "method": "text"}),
            ("consent.changed", AT, {"contact": _BY_TEXT, "channel": "text", "granted": False, "basis": "van"}),
        ],
    ),
    "texts, by the record of a phone": Fixture(
        _body(14, contactTypeId=37, phone=_NUMBER | {"smsOptInStatus": "I"}),
        [("canvass.reported", AT, _REPORT | {"contact": _BY_TEXT, "method": "text"})],
    ),
    "a code of another committee": Fixture(_body(130), refused="unsupported_type"),
    "another way of contact": Fixture(_body(14, contactTypeId=1), refused="unsupported_type"),
    "a code and answers": Fixture(_body(14, _answer(17, 170)), refused="invalid_data"),
    "nothing": Fixture(_body(None), refused="unsupported_type"),
    "no time": Fixture(_body(14, dateCanvassed="noon"), refused="no_time"),
    "nobody": Fixture(_body(14) | {"vanId": None}, refused="no_identifier"),
}
NEW_AT_EACH_DELIVERY = ("canvassContext.inputTypeId",)
