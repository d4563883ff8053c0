"""What SNS sends of SES, one body for each of its events, and what is made of it."""

from collections.abc import Mapping

import orjson

from tests.unit.events.adapters.fixture import Fixture

AT = "2025-11-24T16:00:00.000Z"
_ADA, _BOB = {"email": "ada@example.org"}, {"email": "bob@example.org"}
_ABOUT: dict[str, object] = {"campaign_id": "gotv-1", "message_id": "0100-aa"}
_MESSAGE: dict[str, object] = _ABOUT | {"purpose": "fundraising"}


def _event(name: str, to: tuple[str, ...] = ("ada@example.org",), **facts: object) -> dict[str, object]:
    return {
        "eventType": name,
        "mail": {
            "timestamp": AT,
            "messageId": "0100-aa",
            "source": "news@example.com",
            "destination": list(to),
            "tags": {"campaign_id": ["gotv-1"], "purpose": ["fundraising"], "ses:configuration-set": ["main"]},
        },
        **facts,
    }


def _sns(event: object, **more: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "Type": "Notification",
        "MessageId": "sns-1",
        "TopicArn": "arn:aws:sns:us-east-1:1:mail",
        "Timestamp": "2025-11-24T16:00:01.000Z",
        "Message": orjson.dumps(event).decode(),
        "Signature": "AA==",
    }
    return usual | more


def _one(type_: str, data: dict[str, object], body: dict[str, object]) -> Fixture:
    return Fixture(body, [(type_, AT, data | {"contact": _ADA})])


def _bounce(kind: str) -> dict[str, object]:
    facts = {"bounceType": kind, "bounceSubType": "General", "timestamp": AT, "feedbackId": "f-1"}
    return _event("Bounce", bounce=facts | {"bouncedRecipients": [{"emailAddress": "ada@example.org"}]})


def _complaint(**more: object) -> dict[str, object]:
    to = [{"emailAddress": "ada@example.org"}, {"emailAddress": "bob@example.org"}]
    return _event("Complaint", complaint={"complainedRecipients": to, "timestamp": AT, "feedbackId": "f-2", **more})


def _subscription(before: Mapping[str, object] | None = None, **preferences: object) -> dict[str, object]:
    told = {"timestamp": AT, "newTopicPreferences": preferences, "oldTopicPreferences": before}
    return _event("Subscription", subscription=told)


_GENERAL = {"reason": "General"}
_HERS = ["ada@example.org"]
_READ = {"timestamp": AT, "userAgent": "Mail/1", "ipAddress": "192.0.2.1"}
_TOPICS = [
    {"topicName": "news", "subscriptionStatus": "OptOut"},
    {"topicName": "gifts", "subscriptionStatus": "OptIn"},
]
_BEFORE = {"topicSubscriptionStatus": [{"topicName": "gifts", "subscriptionStatus": "OptOut"}]}
_ALL = {"unsubscribeAll": False, "topicSubscriptionStatus": [_TOPICS[1]]}
_YES: dict[str, object] = {"channel": "email", "granted": True}
_GIFTS_AGAIN = ("consent.changed", AT, _YES | {"campaign_id": "gotv-1", "contact": _ADA, "list_id": "gifts"})
_DELAY = {"timestamp": AT, "delayType": "MailboxFull", "delayedRecipients": [{"emailAddress": "ada@example.org"}]}
FIXTURES = {
    "Send": _one("email.sent", _MESSAGE, _sns(_event("Send", send={}))),
    "Send raw": _one("email.sent", _MESSAGE, _event("Send", send={})),
    "Send to two": Fixture(
        _sns(_event("Send", ("ada@example.org", "bob@example.org"))),
        [("email.sent", AT, _MESSAGE | {"contact": who}) for who in (_ADA, _BOB)],
    ),
    "Delivery": _one(
        "email.delivered",
        _MESSAGE,
        _sns(_event("Delivery", delivery={"timestamp": AT, "recipients": _HERS})),
    ),
    "Open": _one("email.opened", _MESSAGE | {"user_agent": "Mail/1"}, _sns(_event("Open", open=_READ))),
    "Open of several": Fixture(
        _sns(_event("Open", ("ada@example.org", "bob@example.org"), open=_READ)), left_out="one_of_several_recipients"
    ),
    "Click": _one(
        "email.clicked",
        _MESSAGE | {"user_agent": "Mail/1", "url": "https://example.org/"},
        _sns(_event("Click", click=_READ | {"link": "https://example.org/"})),
    ),
    "Bounce for good": _one("email.bounced", _MESSAGE | {"kind": "hard"} | _GENERAL, _sns(_bounce("Permanent"))),
    "Bounce for now": _one("email.bounced", _MESSAGE | {"kind": "soft"} | _GENERAL, _sns(_bounce("Transient"))),
    "Bounce of an identity": Fixture(
        {name: value for name, value in _bounce("Undetermined").items() if name != "eventType"}
        | {"notificationType": "Bounce"},
        [("email.bounced", AT, _MESSAGE | {"kind": "soft", "reason": "General", "contact": _ADA})],
    ),
    "Complaint": Fixture(
        _sns(_complaint(complaintFeedbackType="abuse")),
        [("email.complained", AT, _ABOUT | {"contact": who}) for who in (_ADA, _BOB)],
    ),
    "Complaint taken back": Fixture(_sns(_complaint(complaintFeedbackType="not-spam")), left_out="not_spam"),
    "Reject": _one("email.dropped", _MESSAGE | {"reason": "Bad"}, _sns(_event("Reject", reject={"reason": "Bad"}))),
    "Rendering Failure": _one(
        "email.dropped",
        _MESSAGE | {"reason": "odd"},
        _sns(_event("Rendering Failure", failure={"errorMessage": "odd"})),
    ),
    "DeliveryDelay": _one(
        "email.deferred",
        _MESSAGE | {"reason": "MailboxFull"},
        _sns(_event("DeliveryDelay", deliveryDelay=_DELAY)),
    ),
    "Subscription of topics": Fixture(
        _sns(_subscription(_BEFORE, unsubscribeAll=False, topicSubscriptionStatus=_TOPICS)),
        [
            ("email.unsubscribed", AT, _ABOUT | {"contact": _ADA, "list_id": "news"}),
            _GIFTS_AGAIN,
        ],
    ),
    "Subscription to a topic that was open": _one(
        "email.unsubscribed",
        _ABOUT | {"list_id": "news"},
        _sns(_subscription({"topicSubscriptionStatus": [_TOPICS[1]]}, topicSubscriptionStatus=_TOPICS)),
    ),
    "Subscription after nothing": Fixture(
        _sns(_subscription({"unsubscribeAll": True, "topicSubscriptionStatus": [_TOPICS[1]]}, **_ALL)),
        [_GIFTS_AGAIN],
    ),
    "Subscription to nothing": _one("email.unsubscribed", _ABOUT, _sns(_subscription(unsubscribeAll=True))),
    "Subscription unchanged": Fixture(_sns(_subscription()), left_out="nothing_changed"),
    "SNS asks": Fixture(_sns({}, Type="SubscriptionConfirmation", Token="t"), left_out="subscription_of_sns"),
    "SNS says goodbye": Fixture(_sns({}, Type="UnsubscribeConfirmation"), left_out="subscription_of_sns"),
    "unknown": Fixture(_sns(_event("Received")), refused="unsupported_type"),
    "an event beside its message": Fixture(_sns({}, Message="{") | _event("Open", open=_READ), refused="not_json"),
    "no message": Fixture(_sns({}, Message="{"), refused="not_json"),
    "no time": Fixture(_sns(_event("Open", open={})), refused="no_time"),
    "nobody": Fixture(_sns(_event("Open", (), open=_READ)), refused="no_identifier"),
}
NEW_AT_EACH_DELIVERY = ("MessageId", "Timestamp", "Signature")
