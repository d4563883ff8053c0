"""The report of a day."""

from datetime import date
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from events.json_types import JSON
from events.times import parse_time
from streams.domain.dead_letter_repair.letters import DeclaredType
from streams.domain.messages import Change, Instant, shown
from streams.domain.quarantine.held_records import ListedSource
from streams.history.daily_report.day_queries import report_of
from streams.history.daily_report.figures import (
    CanvassResults,
    CurrencyTotals,
    DailyReport,
    DayFigures,
    EventAttendance,
    HeldBackCount,
    MailboxProvider,
    MoneyPart,
    Pledges,
    SendResults,
)
from streams.history.daily_report.held_back import AuditRecord, PersonAnswer, ReasonCount, held_back_in
from streams.history.daily_report.page import WIDTH, html_of, page_of, text_of
from streams.history.daily_report.refused_sources import mostly_refused_of
from streams.history.daily_report.warnings import warnings
from streams.history.insights.known_values import TimeRange
from streams.history.insights.spans import Span, day_span
from streams.operations.refused_records import MostlyRefused
from tests.unit.engine.kafka_records import Fetched
from tests.unit.events.records import NOW
from tests.unit.history.insights.lakes import only_tail
from tests.unit.history.lake.topic_records import DAY, topic_record

HOUR = 3_600_000
TODAY = date(2012, 2, 22)
PLEDGE = "donation.pledge_cancelled"
QUIET = DayFigures("2012-02-22", (), (), (), Pledges(0, 0, 0, 0, 0, 0), (), (), (), (), (), ())


def day_of(*records: Fetched) -> DayFigures:
    return report_of(only_tail(records), TODAY, "UTC", NOW, ((), ())).day


def about(who: str) -> JSON:
    return {"contact_id": who}


def paid(offset: int, pledge: str, at: int = NOW, who: str = "c1") -> Fetched:
    gift = f"a:{offset}"
    return topic_record(
        offset, "donation.made", at, donation_id=gift, amount=1000, currency="USD", pledge_id=pledge, contact=about(who)
    )


def test_pledges_stand_as_the_last_word_says_and_are_new_since_that_changed() -> None:
    day = day_of(
        paid(0, "p1", NOW - 3 * DAY),
        paid(1, "p1"),  # goes on
        paid(2, "p2", NOW - DAY),
        topic_record(3, "donation.charge_failed", pledge_id="p2"),
        topic_record(4, "donation.charge_failed", NOW - 2 * DAY, pledge_id="p3"),
        paid(5, "p3"),  # comes back
        paid(6, "p4", NOW - 2 * DAY),
        topic_record(7, PLEDGE, NOW - DAY, pledge_id="p4"),
        topic_record(8, PLEDGE, pledge_id="p5", contact=about("c2")),
        paid(9, "p5", NOW - DAY, who="c3"),  # another person's
    )

    assert day.pledges == Pledges(active=3, failing=1, cancelled=2, newly_active=1, newly_failing=1, newly_cancelled=1)


@pytest.mark.parametrize(
    ("gift", "raised"),
    [
        ({"campaign_id": "ask-1"}, {"ask-1": {"USD": 700}}),
        ({"refcode": "ask-1"}, {"ask-1": {"USD": 700}}),
        ({}, {"ask-2": {"USD": 700}}),
        ({"refcode": "website"}, {"ask-2": {"USD": 700}}),
        ({"instalment": 2, "pledge_id": "p"}, {}),
        ({"campaign_id": "never sent"}, {}),
        ({"contact": {"contact_id": "somebody-else"}}, {}),
    ],
)
def test_a_gift_is_raised_by_what_it_names_or_by_the_last_that_asked(
    gift: dict[str, JSON], raised: dict[str, dict[str, int]]
) -> None:
    def sent(offset: int, campaign: str, before: int, purpose: str = "fundraising") -> Fetched:
        at = NOW - before * HOUR
        return topic_record(
            offset,
            "email.sent",
            at,
            message_id=f"m{offset}",
            campaign_id=campaign,
            purpose=purpose,
            contact=about("c1"),
        )

    fields: dict[str, Any] = {"donation_id": "a:1", "amount": 700, "currency": "USD", **gift}
    day = day_of(
        sent(0, "ask-1", 9),
        sent(1, "ask-2", 2),
        sent(2, "news", 1, "informational"),
        topic_record(3, "donation.made", **fields),
    )

    assert {send.campaign: send.raised for send in day.sends if send.raised} == raised


def test_a_message_sent_more_than_a_day_before_a_gift_has_not_raised_it() -> None:
    asking = topic_record(0, "email.sent", NOW - DAY - 1, message_id="m", campaign_id="ask", purpose="fundraising")

    assert [send for send in day_of(asking, paid(1, "p")).sends if send.raised] == []


def test_a_send_of_which_nothing_is_reported_delivered_is_of_the_day_all_the_same() -> None:
    def told(offset: int, what: str, at: int, who: str, campaign: str) -> Fetched:
        return topic_record(offset, f"email.{what}", at, message_id="m", campaign_id=campaign, contact=about(who))

    day = day_of(
        told(0, "sent", NOW, "a", "ask"),
        told(1, "sent", NOW, "b", "ask"),
        told(2, "unsubscribed", NOW, "a", "ask"),
        told(3, "sent", NOW - 2 * DAY, "a", "old"),
        told(4, "unsubscribed", NOW, "a", "old"),
        told(5, "sent", NOW, "a", "news"),
        told(6, "delivered", NOW, "a", "news"),
    )
    [table] = [table for table in page_of(report(day, day)).tables if table.title == "Messages"]

    assert [row[:5:2] for row in table.rows] == [
        ("ask", "2 sent", "1"),
        ("news", "1", "0"),
        ("of earlier sends", "0", "1"),
    ]
    assert "Sent: nothing was reported delivered." in table.note


def report(day: DayFigures, before: DayFigures = QUIET) -> DailyReport:
    return DailyReport("America/New_York", NOW, day, replace(before, date="2012-02-15"))


BUSY = replace(
    QUIET,
    money=(CurrencyTotals("USD", 20, 100_000, 500, 19, 4),),
    methods=(CanvassResults("door", 100, 40, 20),),
)


def quiet(**figures: Any) -> DayFigures:
    return replace(QUIET, **figures)


def busy(**figures: Any) -> DayFigures:
    return replace(BUSY, **figures)


@pytest.mark.parametrize(
    ("day", "before", "said"),
    [
        (busy(money=()), BUSY, "No gift at all, and 20 the week before: has a feed stopped?"),
        (busy(methods=()), BUSY, "No door at all, and 100 the week before"),
        (busy(money=(CurrencyTotals("USD", 9, 60_000, 0, 9, 0),)), BUSY, "Gross was $600.00, 40% less than $1,000.00"),
        (
            quiet(money=(CurrencyTotals("USD", 1, 100, 900, 1, 0),)),
            QUIET,
            "More was given back than came in: net -$8.00",
        ),
        (quiet(pledges=Pledges(90, 7, 1, 0, 5, 0)), QUIET, "5 pledges began to fail; 7 are failing, 90 are"),
        (quiet(providers=(MailboxProvider("gmail", 2_000, 0, 2),)), QUIET, "Gmail asks senders to stay below 0.1%"),
        (quiet(providers=(MailboxProvider("gmail", 2_000, 0, 6),)), QUIET, "Gmail asks senders never to reach 0.3%"),
        (quiet(sends=(SendResults("ask", ("email",), 1_000, 0, 20, 0, {}),)), QUIET, "2.0% of ask want no more"),
        (quiet(sends=(SendResults("ask", ("email",), 0, 0, 20, 0, {}, 1_000),)), QUIET, "2.0% of ask want no more"),
        (busy(methods=(CanvassResults("door", 80, 10, 1),)), BUSY, "At the doors 12% were met, 40% the week before"),
        (
            quiet(meetings=(EventAttendance("e1", 12, 4, 6, 0),)),
            QUIET,
            "60% of those who had promised did not come to e1",
        ),
        (quiet(held=None), QUIET, "Who was held back is not known"),
    ],
)
def test_each_warning_is_given_with_its_figures(day: DayFigures, before: DayFigures, said: str) -> None:
    assert [warning for warning in warnings(report(day, before)) if said in warning]


def test_a_day_like_the_week_before_has_no_warnings() -> None:
    assert warnings(report(BUSY, BUSY)) == []
    assert "Nothing stands out." in text_of(page_of(report(BUSY, BUSY)))
    assert "Nothing stands out." in html_of(page_of(report(BUSY, BUSY)))


def test_an_empty_day_is_warned_of_with_the_time_range_of_history() -> None:
    records = [paid(0, "p1", NOW - 3 * DAY), paid(1, "p1", NOW - 2 * DAY)]
    empty, busy_day = (
        report_of(only_tail(records), day, "America/New_York", NOW, ((), ())) for day in (TODAY, date(2012, 2, 20))
    )

    assert warnings(report(QUIET)) == ["Nothing is known of this day: there is no interaction at all."]
    assert (empty.known, busy_day.known) == (TimeRange(NOW - 3 * DAY, NOW - 2 * DAY), None)
    first, latest = (shown(Instant(moment, "America/New_York"), "words") for moment in (NOW - 3 * DAY, NOW - 2 * DAY))
    said = f"Nothing is known of this day: the first interaction is of {first}, the latest of {latest}."
    assert warnings(replace(report(QUIET), known=empty.known)) == [said]


def test_a_page_without_a_lake_says_what_that_leaves_out() -> None:
    found = report_of(only_tail([paid(0, "p1")]), TODAY, "UTC", NOW, ((), ()))

    assert [text for text in warnings(found) if "No lake is set (HARMONIA_LAKE): what is older than 30 days" in text]
    assert not [text for text in warnings(report(BUSY, BUSY)) if "lake" in text]


FULL = replace(
    BUSY,
    refcodes=tuple(MoneyPart(f"a-long-refcode-of-some-campaign-{n}", "USD", 1_000, 99_999_999, 0) for n in range(30)),
    sends=tuple(
        SendResults(
            f"<b>campaign</b> & {n}", ("email",), n and 10**6, 9_999_999, 999, 99, {"USD": 99_999_999}, 2 * 10**6
        )
        for n in range(30)
    ),
    turfs=tuple(CanvassResults(f"turf-{n}", 10, 5, 2) for n in range(30)),
    held=(HeldBackCount("deny", "hard_bounced", "email", 12),),
)


def test_text_is_as_wide_as_a_mail_and_html_is_what_it_says() -> None:
    page = page_of(report(FULL, BUSY))

    text, html = text_of(page), html_of(page)

    assert max(map(len, text.splitlines())) <= WIDTH
    assert "18 others" in text
    assert "hard bounced, email" in text
    assert "&lt;b&gt;campaign&lt;/b&gt; &amp; 0" in html
    assert "<b>campaign" not in html
    assert "http" not in html


@pytest.mark.parametrize(("now", "before", "text"), [(120, 100, "+20%"), (0, 100, "-100%"), (5, 0, "–"), (5, -9, "–")])
def test_a_change_from_nothing_is_a_dash(now: int, before: int, text: str) -> None:
    assert shown(Change(now, before)) == text


ODD = "ask\x1b[2J\r\n\u202e1"


def test_what_a_terminal_would_obey_in_a_producers_word_reaches_neither_text_nor_page() -> None:
    day = quiet(
        refcodes=(MoneyPart(ODD, "USD", 1, 100, 0),),
        committees=(MoneyPart(ODD, "USD", 1, 100, 0),),
        sends=(SendResults(ODD, ("email",), 2_000, 0, 100, 0, {}),),
        turfs=(CanvassResults(ODD, 10, 5, 2),),
        meetings=(EventAttendance(ODD, 12, 4, 8, 0),),
        providers=(MailboxProvider(ODD, 2_000, 0, 9),),
    )
    page = page_of(report(day))

    for written in (text_of(page), html_of(page)):
        assert "ask?[2J???1" in written
        assert not any(sign in written for sign in "\x1b\r\u202e")


HELD_NOW = ListedSource("digital/mailer", "2012-02-22T10:00:00.000Z", "2012-02-22T10:16:00.000Z", True, 1_234)
UNHEARD = MostlyRefused("finance/actblue", "donation.made", 40, 40)


def test_sources_that_are_mostly_refused_or_held_are_named_above_and_in_a_table() -> None:
    page = page_of(replace(report(QUIET), refused=(UNHEARD,), quarantines=(HELD_NOW,)))

    assert page.warnings[1:] == (
        "finance/actblue: 40 of 40 gifts refused.",
        "digital/mailer: in quarantine since 2012-02-22 10:00Z, 1,234 held records wait.",
    )
    text = text_of(page)
    assert "finance/actblue, gifts" in text
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "IN QUARANTINE" not in text_of(page_of(report(QUIET)))
    told = msgspec.json.decode(msgspec.json.encode(replace(report(QUIET), refused=(UNHEARD,), quarantines=(HELD_NOW,))))
    assert told["refused"] == [{"source": "finance/actblue", "type": "donation.made", "refused": 40, "sent": 40}]
    assert told["quarantines"][0]["waiting"] == 1_234


def test_a_report_that_may_not_read_who_is_refused_or_held_says_so() -> None:
    page = page_of(replace(report(QUIET), refused=None, quarantines=None))

    assert page.warnings[1:] == (
        "Whose records are refused or held is not known: whoever ran this may not read it (deploy/acl).",
    )
    assert "IN QUARANTINE" not in text_of(page)


def test_what_history_has_of_a_source_and_type_is_what_was_accepted_of_it() -> None:
    span = day_span(TODAY, "UTC")
    accepted = only_tail([topic_record(offset, "donation.made", donation_id=f"a:{offset}") for offset in range(30)])
    gifts, opens = DeclaredType("digital/mailer", "donation.made"), DeclaredType("digital/mailer", "email.opened")

    [found] = mostly_refused_of(accepted, span, {gifts: 31, opens: 12})[:1]
    assert (found.type, found.refused, found.sent) == ("donation.made", 31, 61)
    assert [each.type for each in mostly_refused_of(accepted, span, {gifts: 30, opens: 12})] == ["email.opened"]
    yesterday = day_span(date(2012, 2, 21), "UTC")
    assert [each.sent for each in mostly_refused_of(accepted, yesterday, {gifts: 30})] == [30]


def test_interactions_after_the_day_do_not_change_its_report() -> None:
    records = [paid(0, "p1", NOW - DAY), topic_record(1, PLEDGE, pledge_id="p1")]

    found = report_of(only_tail(records), date(2012, 2, 21), "UTC", NOW, ((), ()))

    assert found.day.pledges == Pledges(1, 0, 0, 1, 0, 0)


def test_a_shift_counts_its_promises_by_the_last_word_of_each_person() -> None:
    def word(offset: int, who: str, what: str, at: int, **more: JSON) -> Fetched:
        return topic_record(offset, f"rsvp.{what}", at, event_id="e1", contact=about(who), **more)

    starts = "2012-02-22T09:00:00Z"
    day = day_of(
        word(0, "a", "made", NOW - 9 * DAY, starts_at=starts),
        word(1, "a", "attended", NOW),
        word(2, "b", "made", NOW - 9 * DAY, starts_at=starts),
        word(3, "b", "no_show", NOW),
        word(4, "c", "made", NOW - 9 * DAY, starts_at=starts),
        word(5, "c", "cancelled", NOW - DAY),
        word(6, "d", "made", NOW - 9 * DAY, starts_at=starts),
        word(7, "e", "made", NOW - DAY, starts_at="2012-02-25T09:00:00Z"),
    )

    assert day.meetings == (EventAttendance("e1", promised=3, attended=1, no_show=1, cancelled=1),)


def test_a_refund_is_of_the_day_it_was_made_on_and_of_its_gifts_refcode() -> None:
    gift: dict[str, Any] = {"donation_id": "a:1", "amount": 9000, "currency": "USD"}
    refund: dict[str, Any] = {"refund_id": "r", "donation_id": "a:1", "amount": 4000, "currency": "USD"}
    day = day_of(
        topic_record(0, "donation.made", NOW - 2 * DAY, refcode="spring", committee="C1", **gift),
        topic_record(1, "donation.refunded", **refund),
    )

    assert day.money == (CurrencyTotals("USD", 0, 0, 4000, 0, 0),)
    assert day.refcodes == (MoneyPart("spring", "USD", 0, 0, 4000),)
    assert day.committees == (MoneyPart("C1", "USD", 0, 0, 4000),)


SPAN = Span(parse_time("2012-02-22T00:00:00Z") or 0, parse_time("2012-02-23T00:00:00Z") or 0)


def asked(at: str, *answers: tuple[str, str | None, str | None], what: str = "permission") -> AuditRecord:
    return AuditRecord(at, what, "email", [PersonAnswer(*answer) for answer in answers])


def listed(at: str, *counts: tuple[str, str, int], request: str | None = None) -> AuditRecord:
    read = [ReasonCount(*count) for count in counts]
    return AuditRecord(at, "permission", "email", counts=read, request=request or at)


NO = ("deny", "unsubscribed")
TEN, ELEVEN, TWELVE = (f"2012-02-22T{hour}:00:00.000Z" for hour in (10, 11, 12))


@pytest.mark.parametrize(
    ("records", "held"),
    [
        (
            [
                asked(TEN, ("ada", *NO), ("bob", "allow", "ok")),
                asked(ELEVEN, ("ada", *NO), ("cleo", *NO)),
                asked(TWELVE, ("ada", "defer", "team_cap")),
            ],
            [HeldBackCount(*NO, "email", 2), HeldBackCount("defer", "team_cap", "email", 1)],
        ),
        (
            [
                asked("2012-02-21T23:59:59.999Z", ("ada", *NO)),
                asked("2012-02-23T00:00:00.000Z", ("ada", *NO)),
                asked(TEN, ("ada", None, None), what="read"),
                asked("no time", ("ada", *NO)),
                listed("2012-02-21T12:00:00.000Z", (*NO, 99)),
            ],
            [],
        ),
        ([listed(ELEVEN, ("deny", "held", 7), request="r1")] * 2, [HeldBackCount("deny", "held", "email", 0, 7)]),
        (
            [
                asked(TEN, ("ada", *NO)),
                listed(ELEVEN, ("allow", "ok", 900), (*NO, 7), ("defer", "team_cap", 2)),
                listed(TWELVE, (*NO, 7)),
            ],
            [HeldBackCount(*NO, "email", 1, 14), HeldBackCount("defer", "team_cap", "email", 0, 2)],
        ),
        (
            [listed(ELEVEN, *(("deny", why, 3) for why in ("malformed_row", "no_identifier", "repeated_in_audience")))],
            [],
        ),
    ],
    ids=[
        "each person once",
        "other days, and reading",
        "a list that is told twice",
        "lists beside people",
        "no person",
    ],
)
def test_whoever_had_no_yes_on_the_day_is_counted(records: list[AuditRecord], held: list[HeldBackCount]) -> None:
    assert held_back_in(records, SPAN) == tuple(held)


def test_audit_records_of_people_and_of_lists_are_read() -> None:
    read = msgspec.json.Decoder(AuditRecord).decode
    people = b'{"at": "2012-02-22T11:00:00.000Z", "what": "permission", "channel": "email", "answers": []}'

    assert read(people).counts == []
    assert read(people[:-1] + b', "counts": [{"decision": "deny", "reason": "held", "rows": 2}]}').counts[0].rows == 2
