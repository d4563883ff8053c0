"""Warnings above the figures: what should be looked at first. Few, and each with its figures."""

from collections.abc import Iterator

from streams.domain.messages import TEMPLATES, CodedMessage, Field, Instant, Money, Share, english, message
from streams.domain.quarantine.held_records import quarantine_message
from streams.history.daily_report.figures import CanvassResults, DailyReport, DayFigures
from streams.history.insights.spans import TOPIC_DAYS
from streams.operations.refused_records import refused_message, shortened_list

FEWER = 0.7
"""Share of last week's gross below which there is a warning."""
ENOUGH_GIFTS = 10
ENOUGH_MAIL = 1_000
"""Delivered messages below which a rate says little; as the policy's `rates.minimum`."""
COMPLAINTS, MOST_COMPLAINTS = 0.001, 0.003
"""Complaint rates: Gmail asks senders to stay below the first, and never to reach the second."""
UNSUBSCRIBES = 0.02
ENOUGH_DOORS = 50
ENOUGH_PROMISES = 10
FLAKES = 0.5
ENOUGH_PLEDGES = 5
MOST_SOURCES = 5


def warnings(report: DailyReport) -> list[str]:
    """Every warning as a sentence, in the order of the page."""
    return [english(warning) for warning in warning_messages(report)]


def warning_messages(report: DailyReport) -> list[CodedMessage]:
    """Every warning, in the order of the page."""
    day, before = report.day, report.before
    return [
        *_nothing(report),
        *_without_lake(report),
        *_silence(day, before),
        *_money(day, before),
        *_pledges(day),
        *_mail(day),
        *_doors(day, before),
        *_meetings(day),
        *_held(day),
        *_refused_sources(report),
    ]


def _nothing(report: DailyReport) -> Iterator[CodedMessage]:
    """A day without anything is most often the wrong day, or the wrong lake."""
    if not report.day.is_empty:
        return
    if report.known is None:
        yield message("report.no_interaction")
        return
    first, latest = (Instant(moment, report.time_zone) for moment in (report.known.first, report.known.latest))
    yield message("report.empty_day", first=first, latest=latest)


def _without_lake(report: DailyReport) -> Iterator[CodedMessage]:
    if not report.lake:
        yield message("report.no_lake", days=TOPIC_DAYS)


def _silence(day: DayFigures, before: DayFigures) -> Iterator[CodedMessage]:
    """A feed that has stopped looks like a quiet day."""
    for code, now, then in (
        ("report.no_gift", sum(one.gifts for one in day.money), sum(one.gifts for one in before.money)),
        ("report.no_door", _of(day.methods, "door").attempts, _of(before.methods, "door").attempts),
        ("report.no_call", _of(day.methods, "phone").attempts, _of(before.methods, "phone").attempts),
    ):
        if not now and then >= ENOUGH_GIFTS:
            yield message(code, before=then)


def _money(day: DayFigures, before: DayFigures) -> Iterator[CodedMessage]:
    then = {one.currency: one for one in before.money}
    for one in day.money:
        earlier = then.get(one.currency)
        if one.net < 0:
            yield message("report.net_below_zero", net=Money(one.net, one.currency))
        if earlier and earlier.gifts >= ENOUGH_GIFTS and one.gifts and one.gross < FEWER * earlier.gross:
            yield message(
                "report.gross_fell",
                gross=Money(one.gross, one.currency),
                share=Share(earlier.gross - one.gross, earlier.gross),
                before=Money(earlier.gross, one.currency),
            )


def _pledges(day: DayFigures) -> Iterator[CodedMessage]:
    pledges = day.pledges
    if pledges.newly_failing >= ENOUGH_PLEDGES:
        yield message(
            "report.pledges_fail", pledges=pledges.newly_failing, failing=pledges.failing, active=pledges.active
        )


def _mail(day: DayFigures) -> Iterator[CodedMessage]:
    for provider in day.providers:
        rate = provider.complaints / provider.delivered if provider.delivered else 0
        if provider.delivered >= ENOUGH_MAIL and rate >= COMPLAINTS:
            yield message(
                "report.many_complaints" if rate >= MOST_COMPLAINTS else "report.complaints",
                share=Share(provider.complaints, provider.delivered, 2),
                mailbox=_mailboxes(provider.mailbox),
                complaints=provider.complaints,
            )
    for send in day.sends:
        if send.campaign and send.reached >= ENOUGH_MAIL and send.unsubscribes >= UNSUBSCRIBES * send.reached:
            yield message(
                "report.unsubscribes", share=Share(send.unsubscribes, send.reached, 1), campaign=send.campaign
            )


def _mailboxes(provider: str | None) -> Field:
    """Whose mailboxes, in a sentence; a provider that only a newer version knows stays the word that it is."""
    if provider is None:
        return message("report.unknown_mailbox")
    code = "report.other_mailboxes" if provider == "other" else f"mailbox.{provider}"
    return message(code) if code in TEMPLATES else provider


def _doors(day: DayFigures, before: DayFigures) -> Iterator[CodedMessage]:
    now, then = _of(day.methods, "door"), _of(before.methods, "door")
    if min(now.attempts, then.attempts) < ENOUGH_DOORS:
        return
    if now.contacted * then.attempts * 2 < then.contacted * now.attempts:
        yield message(
            "report.fewer_met",
            share=Share(now.contacted, now.attempts),
            before=Share(then.contacted, then.attempts),
        )


def _meetings(day: DayFigures) -> Iterator[CodedMessage]:
    for one in day.meetings:
        known = one.attended + one.no_show
        if known >= ENOUGH_PROMISES and one.no_show > FLAKES * known:
            yield message("report.flakes", share=Share(one.no_show, known), event=one.event_id)


def _held(day: DayFigures) -> Iterator[CodedMessage]:
    if day.held is None:
        yield message("report.held_back_not_known")


def _refused_sources(report: DailyReport) -> Iterator[CodedMessage]:
    """Sources about which the page says too little."""
    if report.refused is None or report.quarantines is None:
        yield message("report.refused_not_known")
        return
    refused = (message("report.sentence", sentence=refused_message(each)) for each in report.refused)
    held = (
        message("report.sentence", sentence=message("source.named", source=each.source, what=quarantine_message(each)))
        for each in report.quarantines
    )
    yield from shortened_list(refused, MOST_SOURCES)
    yield from shortened_list(held, MOST_SOURCES)


def _of(methods: tuple[CanvassResults, ...], name: str) -> CanvassResults:
    return next((one for one in methods if one.name == name), CanvassResults(name, 0, 0, 0))
