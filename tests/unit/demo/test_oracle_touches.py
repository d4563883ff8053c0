"""Touches and pressure as the oracle recounts them, on cases worked out by hand."""

import pytest

from streams.demo.truth import Fields, Sent
from tests.unit.demo.telling import at, profile, reported, said, taken_back


def message(what: str, time: str, message_id: str = "m", fields: Fields | None = None, **envelope: str) -> Sent:
    return said(what, time, {"message_id": message_id, **(fields or {})}, None, **envelope)


def touches(*these: Sent) -> list[dict[str, object]]:
    found = profile(these)["touches"]
    assert isinstance(found, list)
    return found


def shown(*these: Sent) -> list[tuple[object, object]]:
    return [(one["channel"], one["at"]) for one in touches(*these)]


def points(*these: Sent) -> object:
    return profile(these)["pressure"]


def test_sent_and_delivered_are_one_touch_that_the_earlier_shows() -> None:
    sent: Fields = {"purpose": "fundraising"}
    told = [
        message("email.delivered", "02-22T10:01", source="digital/mailer", id="b"),
        message("email.sent", "02-22T10:00", "m", sent, source="finance/mailer", id="a"),
    ]
    assert touches(*told) == [
        {
            "channel": "email",
            "purpose": "fundraising",
            "at": at("02-22T10:00"),
            "team": "finance",
            "source": "finance/mailer",
            "id": "a",
        }
    ]


def test_team_and_purpose_are_those_of_the_interaction_that_shows_the_touch_and_of_no_other() -> None:
    [touch] = touches(
        message("text.delivered", "02-22T10:00", "m", {"team": "youth"}, source="bank", id="1"),
        message("text.sent", "02-22T10:00", "m", {"purpose": "mobilisation"}, source="bank", id="2"),
    )
    assert (touch["team"], touch["purpose"], touch["id"]) == ("youth", "informational", "1")


def test_equal_message_ids_of_two_channels_are_two_touches() -> None:
    told = [message("email.sent", "02-22T10:00"), message("text.sent", "02-22T11:00")]
    assert shown(*told) == [("text", at("02-22T11:00")), ("email", at("02-22T10:00"))]
    assert shown(*told, message("text.failed", "02-22T11:01")) == [("email", at("02-22T10:00"))]


def test_sent_after_a_retracted_delivery_shows_the_touch_at_its_own_time() -> None:
    delivered = message("email.delivered", "02-22T09:00")
    told = [delivered, message("email.sent", "02-22T10:00")]
    assert shown(*told, *taken_back(delivered)) == [("email", at("02-22T10:00"))]
    assert shown(delivered, *taken_back(delivered)) == []


@pytest.mark.parametrize(
    ("channel", "news", "fields"),
    [
        ("email", "email.bounced", {"kind": "hard"}),
        ("email", "email.bounced", {"kind": "soft"}),
        ("email", "email.dropped", {}),
        ("text", "text.failed", {}),
    ],
)
def test_a_message_that_did_not_arrive_was_no_touch(channel: str, news: str, fields: Fields) -> None:
    sent, delivered = message(f"{channel}.sent", "02-22T10:00"), message(f"{channel}.delivered", "02-22T10:01")
    killed = message(news, "02-20T10:00", "m", fields)
    assert touches(killed, sent, delivered) == []
    assert shown(sent, killed, *taken_back(killed)) == [(channel, at("02-22T10:00"))]
    assert len(touches(sent, message(news, "02-23T10:00", "another", fields))) == 1


def test_deferrals_opens_and_replies_neither_are_nor_change_touches() -> None:
    assert touches(message("email.deferred", "02-22T10:00"), message("email.opened", "02-22T11:00")) == []
    told = [message("email.sent", "02-22T10:00"), message("email.deferred", "02-22T10:01")]
    assert shown(*told) == [("email", at("02-22T10:00"))]
    assert touches(message("text.replied", "02-22T10:00"), said("rsvp.made", "02-22T10:00")) == []


@pytest.mark.parametrize("outcome", ["contacted", "refused", "left_message", "language_barrier"])
@pytest.mark.parametrize("method", ["door", "phone", "text", "letter"])
def test_a_report_that_reached_somebody_is_a_touch_on_the_channel_of_its_method(method: str, outcome: str) -> None:
    [touch] = touches(reported("02-22T10:00", method, outcome, source="field/app"))
    assert (touch["channel"], touch["purpose"], touch["team"]) == (method, "informational", "field")


@pytest.mark.parametrize(
    ("method", "outcome"),
    [
        ("relational", "contacted"),
        *(("door", outcome) for outcome in ("not_home", "moved", "deceased", "lit_drop", "inaccessible", "other")),
        *(("phone", outcome) for outcome in ("no_answer", "busy", "disconnected", "wrong_number", "do_not_contact")),
    ],
)
def test_canvass_reports_that_reached_nobody_are_attempts_and_no_touches(method: str, outcome: str) -> None:
    assert touches(reported("02-22T10:00", method, outcome)) == []


@pytest.mark.parametrize("method", ["door", "letter"])
def test_of_a_day_in_utc_doors_and_letters_count_once_at_the_earliest(method: str) -> None:
    told = [reported(time, method) for time in ("02-22T23:59", "02-22T00:00", "02-23T00:00")]
    assert shown(*told) == [(method, at("02-23T00:00")), (method, at("02-22T00:00"))]
    assert shown(*told, *taken_back(told[1]))[1] == (method, at("02-22T23:59"))


def test_the_day_of_a_door_touch_is_that_of_utc() -> None:
    fields: Fields = {"method": "door", "outcome": "contacted"}
    evening = Sent("t", "canvass.reported", "app", "1", "2012-02-21T23:30:00-07:00", {"external": {}}, fields)
    assert shown(evening, reported("02-22T20:00", "door")) == [("door", at("02-22T06:30"))]


def test_a_door_and_a_letter_of_one_day_are_two_touches_and_so_is_each_call() -> None:
    told = [reported("02-22T10:00", method) for method in ("door", "letter", "phone", "phone", "text", "text")]
    assert len(touches(*told)) == 6


def test_of_a_report_that_is_told_again_the_smallest_version_decides() -> None:
    first = reported("02-22T10:00", "phone", "no_answer", report_id="r")
    again = reported("02-22T10:05", "phone", "contacted", report_id="r")
    assert touches(again, first) == []
    assert shown(again, first, *taken_back(first)) == [("phone", at("02-22T10:05"))]


def test_touches_of_the_thirty_days_before_the_latest_are_listed_newest_first() -> None:
    told = [
        message("email.sent", "01-22T09:59", "too old"),
        message("email.sent", "01-23T10:00", "just"),
        message("email.sent", "02-22T10:00", "latest"),
        message("email.sent", "02-01T10:00", "between"),
    ]
    assert [at for _, at in shown(*told)] == [at("02-22T10:00"), at("02-01T10:00"), at("01-23T10:00")]
    assert len(shown(*told, *taken_back(told[2]))) == 3


def test_at_equal_times_the_larger_source_and_id_is_listed_first() -> None:
    told = [
        message("email.sent", "02-22T10:00", name, source=source, id=id_)
        for name, source, id_ in (("1", "a", "9"), ("2", "b", "1"), ("3", "b", "2"))
    ]
    assert [(one["source"], one["id"]) for one in touches(*told)] == [("b", "2"), ("b", "1"), ("a", "9")]


def test_without_a_touch_there_is_no_pressure() -> None:
    assert points(said("rsvp.made", "02-22T10:00")) == {"points": {}, "as_of": None}


def test_a_touch_costs_what_its_channel_costs() -> None:
    told = [reported("02-22T10:00", method) for method in ("door", "phone", "text", "letter")]
    told.append(message("email.sent", "02-22T10:00"))
    assert points(*told) == {
        "points": {"door": 3000, "phone": 2000, "text": 1500, "letter": 500, "email": 1000},
        "as_of": at("02-22T10:00"),
    }


@pytest.mark.parametrize(
    ("earlier", "left"),
    [
        ("02-15T10:00", 1500),
        ("02-08T10:00", 750),
        ("01-25T10:00", 188),  # 187.5 goes up
        ("02-21T10:00", 2717),  # 2717.17
        ("02-22T09:59", 3000),  # 2999.79
        ("02-18T22:00", 2121),  # half a week: 3000 / √2 = 2121.32
    ],
)
def test_what_a_touch_costs_is_halved_every_week_and_rounded(earlier: str, left: int) -> None:
    found = points(reported(earlier, "door"), message("email.sent", "02-22T10:00"))
    assert found == {"points": {"door": left, "email": 1000}, "as_of": at("02-22T10:00")}


def test_each_touch_is_rounded_before_they_are_added_up() -> None:
    told = [reported("01-25T10:00", "door"), reported("01-25T10:00", "phone", id="2")]
    told += [reported("01-25T10:00", "phone"), message("email.sent", "02-22T10:00")]
    # 3000/16 = 187.5 and twice 2000/16 = 125
    assert points(*told) == {"points": {"door": 188, "phone": 250, "email": 1000}, "as_of": at("02-22T10:00")}
    letters = [reported(f"01-2{day}T10:00", "letter") for day in (5, 4)]
    # 500/16 = 31.25 and 500·2^(−29/7) = 28.30
    assert points(*letters, told[-1]) == {"points": {"letter": 59, "email": 1000}, "as_of": at("02-22T10:00")}


def test_transactional_messages_cost_nothing_and_are_touches() -> None:
    receipt = message("email.sent", "02-22T10:00", "receipt", {"purpose": "transactional"})
    assert points(receipt) == {"points": {"email": 0}, "as_of": at("02-22T10:00")}
    news = message("email.sent", "02-15T10:00", "news")
    assert points(receipt, news) == {"points": {"email": 500}, "as_of": at("02-22T10:00")}
