"""Warnings above the figures: what should be looked at first. Few, and each with its figures."""

from collections.abc import Iterator

from streams.domain.display_names import counted
from streams.domain.quarantine import held_records
from streams.history.daily_report.figures import CanvassResults, DailyReport, DayFigures
from streams.history.daily_report.formatting import as_time, money, number, share
from streams.history.insights.spans import TOPIC_DAYS
from streams.operations.refused_records import refused_sentence, shortened_list

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


def _nothing(report: DailyReport) -> Iterator[str]:
    """A day without anything is most often the wrong day, or the wrong lake."""
    if not report.day.is_empty:
        return
    if report.known is None:
        yield "Nothing is known of this day: there is no interaction at all."
        return
    first, latest = (as_time(moment, report.time_zone) for moment in (report.known.first, report.known.latest))
    yield f"Nothing is known of this day: the first interaction is of {first}, the latest of {latest}."


def _without_lake(report: DailyReport) -> Iterator[str]:
    if not report.lake:
        yield (
            f"No lake is set (HARMONIA_LAKE): what is older than {TOPIC_DAYS} days is left out, so that whoever gave "
            "before that counts as a new donor."
        )


def _silence(day: DayFigures, before: DayFigures) -> Iterator[str]:
    """A feed that has stopped looks like a quiet day."""
    for what, now, then in (
        ("gift", sum(one.gifts for one in day.money), sum(one.gifts for one in before.money)),
        ("door", _of(day.methods, "door").attempts, _of(before.methods, "door").attempts),
        ("call", _of(day.methods, "phone").attempts, _of(before.methods, "phone").attempts),
    ):
        if not now and then >= ENOUGH_GIFTS:
            yield f"No {what} at all, and {number(then)} the week before: has a feed stopped?"


def _money(day: DayFigures, before: DayFigures) -> Iterator[str]:
    then = {one.currency: one for one in before.money}
    for one in day.money:
        earlier = then.get(one.currency)
        if one.net < 0:
            yield f"More was given back than came in: net {money(one.net, one.currency)}."
        if earlier and earlier.gifts >= ENOUGH_GIFTS and one.gifts and one.gross < FEWER * earlier.gross:
            now, was = money(one.gross, one.currency), money(earlier.gross, one.currency)
            yield f"Gross was {now}, {share(earlier.gross - one.gross, earlier.gross)} less than {was} the week before."


def _pledges(day: DayFigures) -> Iterator[str]:
    pledges = day.pledges
    if pledges.newly_failing >= ENOUGH_PLEDGES:
        yield (
            f"{counted(pledges.newly_failing, 'pledge', 'pledges')} began to fail; "
            f"{number(pledges.failing)} are failing, {number(pledges.active)} are active."
        )


def _mail(day: DayFigures) -> Iterator[str]:
    for provider in day.providers:
        rate = provider.complaints / provider.delivered if provider.delivered else 0
        if provider.delivered >= ENOUGH_MAIL and rate >= COMPLAINTS:
            limit = "never to reach 0.3%" if rate >= MOST_COMPLAINTS else "to stay below 0.1%"
            yield (
                f"{share(provider.complaints, provider.delivered, 2)} of what went to {provider.mailbox or 'unknown'} "
                f"mailboxes was complained about ({number(provider.complaints)}); Gmail asks senders {limit}."
            )
    for send in day.sends:
        if send.campaign and send.reached >= ENOUGH_MAIL and send.unsubscribes >= UNSUBSCRIBES * send.reached:
            yield f"{share(send.unsubscribes, send.reached, 1)} of {send.campaign} want no more messages."


def _doors(day: DayFigures, before: DayFigures) -> Iterator[str]:
    now, then = _of(day.methods, "door"), _of(before.methods, "door")
    if min(now.attempts, then.attempts) < ENOUGH_DOORS:
        return
    if now.contacted * then.attempts * 2 < then.contacted * now.attempts:
        yield (
            f"At the doors {share(now.contacted, now.attempts)} were met, "
            f"{share(then.contacted, then.attempts)} the week before."
        )


def _meetings(day: DayFigures) -> Iterator[str]:
    for one in day.meetings:
        known = one.attended + one.no_show
        if known >= ENOUGH_PROMISES and one.no_show > FLAKES * known:
            yield f"{share(one.no_show, known)} of those who had promised did not come to {one.event_id}."


def _held(day: DayFigures) -> Iterator[str]:
    if day.held is None:
        yield "Who was held back is not known: the record of questions could not be read."


def _refused_sources(report: DailyReport) -> Iterator[str]:
    """Sources about which the page says too little."""
    if report.refused is None or report.quarantines is None:
        yield "Whose records are refused or held is not known: whoever ran this may not read it (deploy/acl)."
        return
    yield from shortened_list((f"{refused_sentence(each)}." for each in report.refused), MOST_SOURCES)
    yield from shortened_list(
        (f"{each.source}: {held_records.quarantine_sentence(each)}." for each in report.quarantines), MOST_SOURCES
    )


def _of(methods: tuple[CanvassResults, ...], name: str) -> CanvassResults:
    return next((one for one in methods if one.name == name), CanvassResults(name, 0, 0, 0))
