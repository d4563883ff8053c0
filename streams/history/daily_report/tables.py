"""The tables of the report, each from one kind of figures: titles and columns as messages, cells as typed values."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from streams.domain.messages import TEMPLATES, Change, CodedMessage, Expected, Field, Listed, Money, Share, message
from streams.domain.quarantine.held_records import ListedSource, instant_of
from streams.history.daily_report.figures import (
    CanvassResults,
    CurrencyTotals,
    DailyReport,
    DayFigures,
    HeldBackCount,
    MoneyPart,
    SendResults,
)
from streams.operations.refused_records import MostlyRefused, records_of_type

MOST_ROWS = 12
"""Most rows of a table; the others are summed up in its last row."""

UNKNOWN = message("unknown")
_OTHER_ANSWERS = {"deny": "report.answer_deny", "defer": "report.answer_defer"}
Row = tuple[Field, ...]


class FigureTable(Struct, frozen=True):
    """A table. The first column is text, the others are figures.

    `note`: below it, None for none; `nothing`: what is said where it has no rows.
    """

    title: CodedMessage
    columns: tuple[Field, ...]
    rows: tuple[Row, ...]
    note: CodedMessage | None = None
    nothing: CodedMessage = message("report.nothing")


def figure_tables(report: DailyReport) -> tuple[FigureTable, ...]:
    """Every table, in order."""
    day, before = report.day, report.before
    return (
        _money(day, before),
        _pledges(day, before),
        _parts("refcode", day.refcodes, before.refcodes),
        _parts("committee", day.committees, before.committees),
        _sends(day),
        _providers(day),
        _talks("report.conversations", "how", day.methods, before.methods),
        _talks("report.turfs", "turf", day.turfs, before.turfs),
        _meetings(day),
        *_held(day.held),
        *_refused(report.refused),
        *_quarantines(report.quarantines),
    )


def earlier_of(one: CurrencyTotals, before: DayFigures) -> CurrencyTotals:
    nothing = CurrencyTotals(one.currency, 0, 0, 0, 0, 0)
    return next((earlier for earlier in before.money if earlier.currency == one.currency), nothing)


def _columns(*names: str) -> tuple[Field, ...]:
    """Columns by the ends of their codes; the first may have no name."""
    return tuple(message(f"report.{name}") if name else "" for name in names)


def _amount(minor: int | None, currency: str) -> Field:
    return UNKNOWN if minor is None else Money(minor, currency)


def _all_money(amounts: Mapping[str, int]) -> Field:
    """Amounts in every currency, without cents."""
    shown = tuple(Money(amount, currency, whole=True) for currency, amount in sorted(amounts.items()))
    return message("sum", amounts=Listed(shown)) if shown else UNKNOWN


def _money(day: DayFigures, before: DayFigures) -> FigureTable:
    rows: list[Row] = []
    for one in day.money:
        earlier = earlier_of(one, before)
        for code, now, then in (
            ("report.gross", one.gross, earlier.gross),
            ("report.given_back", one.refunded, earlier.refunded),
            ("report.net", one.net, earlier.net),
            ("report.average_gift", one.average, earlier.average),
        ):
            name = message(code)
            named = name if len(day.money) == 1 else message("report.in_currency", what=name, currency=one.currency)
            rows.append((named, _amount(now, one.currency), _amount(then, one.currency), Change(now, then)))
        for code, count, count_then in (
            ("report.gifts", one.gifts, earlier.gifts),
            ("report.donors", one.donors, earlier.donors),
            ("report.new_of_them", one.new_donors, earlier.new_donors),
        ):
            rows.append((message(code), count, count_then, Change(count, count_then)))
    columns = _columns("", "on_the_day", "week_before", "change")
    return FigureTable(message("report.money"), columns, tuple(rows), nothing=message("report.no_money"))


def _pledges(day: DayFigures, before: DayFigures) -> FigureTable:
    now, then = day.pledges, before.pledges
    rows: tuple[Row, ...] = (
        (message("report.active"), now.active, now.newly_active, then.newly_active),
        (message("report.failing"), now.failing, now.newly_failing, then.newly_failing),
        (message("report.cancelled"), now.cancelled, now.newly_cancelled, then.newly_cancelled),
    )
    columns = _columns("", "at_days_end", "new_on_the_day", "new_week_before")
    known = now.active + now.failing + now.cancelled
    return FigureTable(message("report.pledges"), columns, rows if known else (), nothing=message("report.no_pledge"))


def _parts(column: str, parts: Sequence[MoneyPart], before: Sequence[MoneyPart]) -> FigureTable:
    """By refcode, or by committee."""
    then = {(one.name, one.currency): one.net for one in before}
    rows: list[Row] = [
        (
            one.name or message(f"report.no_{column}"),
            one.gifts,
            Money(one.gross, one.currency),
            Money(one.net, one.currency),
            Money(then.get((one.name, one.currency), 0), one.currency),
        )
        for one in parts[:MOST_ROWS]
    ]
    if left := parts[MOST_ROWS:]:
        for currency in sorted({one.currency for one in left}):
            these = [one for one in left if one.currency == currency]
            gross, net = sum(one.gross for one in these), sum(one.net for one in these)
            shown = Money(gross, currency), Money(net, currency), UNKNOWN
            rows.append((_others(these), sum(one.gifts for one in these), *shown))
    columns = _columns(column, "gifts", "gross", "net", "net_week_before")
    return FigureTable(message(f"report.{column}s"), columns, tuple(rows))


def _others(left: Sequence[object]) -> CodedMessage:
    return message("report.others", others=len(left))


def _sends(day: DayFigures) -> FigureTable:
    these = [send for send in day.sends if send.reached]
    earlier = [send for send in day.sends if not send.reached]
    rows = [_send(send.campaign or message("report.no_campaign"), send) for send in these[:MOST_ROWS]]
    if left := these[MOST_ROWS:]:
        rows.append(_send(_others(left), _summed(left)))
    if earlier:
        rows.append(_send(message("report.earlier_sends"), _summed(earlier)))
    columns = _columns("campaign", "by", "delivered", "clicks", "left", "complaints_column", "raised", "per_1000")
    is_sent_alone = any(send.sent and not send.delivered for send in these)
    note = message("report.about_sends_sent" if is_sent_alone else "report.about_sends")
    return FigureTable(message("report.messages"), columns, tuple(rows), note, message("report.no_message"))


def _send(name: Field, send: SendResults) -> Row:
    per_1000 = {currency: round(gross * 1000 / send.reached) for currency, gross in send.raised.items() if send.reached}
    channels = Listed(tuple(map(_channel, send.channels)))
    return (
        name,
        channels if channels.items else UNKNOWN,
        send.delivered if send.delivered or not send.sent else message("report.sent", sent=send.sent),
        Expected(send.clicks_human),
        send.unsubscribes,
        send.complaints,
        _all_money(send.raised),
        _all_money(per_1000),
    )


def _known(code: str, other: str) -> Field:
    """The message of a code, or the word itself where only a newer version knows it."""
    return message(code) if code in TEMPLATES else other


def _channel(channel: str) -> Field:
    return _known(f"channel.{channel}", channel)


def _summed(these: Sequence[SendResults]) -> SendResults:
    raised: dict[str, int] = {}
    for send in these:
        for currency, gross in send.raised.items():
            raised[currency] = raised.get(currency, 0) + gross
    return SendResults(
        None,
        (),
        sum(send.reached for send in these) if any(send.delivered for send in these) else 0,
        sum(send.clicks_human for send in these),
        sum(send.unsubscribes for send in these),
        sum(send.complaints for send in these),
        raised,
        sum(send.sent for send in these),
    )


def _providers(day: DayFigures) -> FigureTable:
    rows: tuple[Row, ...] = tuple(
        (
            _known(f"mailbox.{one.mailbox}", one.mailbox) if one.mailbox else message("report.mailbox_not_told"),
            one.delivered,
            one.unsubscribes,
            one.complaints,
            Share(one.complaints, one.delivered, 2),
        )
        for one in day.providers
    )
    columns = _columns("mailbox", "delivered", "left", "complaints_column", "complaint_rate")
    return FigureTable(message("report.providers"), columns, rows, nothing=message("report.no_email"))


def _talks(title: str, column: str, talks: Sequence[CanvassResults], before: Sequence[CanvassResults]) -> FigureTable:
    then = {one.name: one for one in before}
    unnamed = message(f"report.no_{column}")
    rows = [_talk(_method(one.name, column) or unnamed, one, then.get(one.name)) for one in talks[:MOST_ROWS]]
    if left := talks[MOST_ROWS:]:
        attempts, met, supporters = (
            sum(getattr(one, name) for one in left) for name in ("attempts", "contacted", "supporters")
        )
        rows.append(_talk(_others(left), CanvassResults(None, attempts, met, supporters), None))
    columns = _columns(column, "attempts", "met", "contact_rate", "week_before", "supporters")
    return FigureTable(message(title), columns, tuple(rows), nothing=message("report.no_conversation"))


def _method(name: str | None, column: str) -> Field | None:
    """A method of canvassing in words; of a turf its name."""
    return name if column != "how" or not name else _channel(name)


def _talk(name: Field, one: CanvassResults, earlier: CanvassResults | None) -> Row:
    rate = Share(earlier.contacted, earlier.attempts) if earlier else UNKNOWN
    return (name, one.attempts, one.contacted, Share(one.contacted, one.attempts), rate, one.supporters)


def _meetings(day: DayFigures) -> FigureTable:
    rows: tuple[Row, ...] = tuple(
        (
            one.event_id,
            one.promised,
            one.attended,
            one.no_show,
            one.cancelled,
            Share(one.no_show, one.attended + one.no_show),
        )
        for one in day.meetings
    )
    columns = _columns("event", "promised", "came", "did_not_come", "called_off", "flake_rate")
    note = message("report.about_flakes") if rows else None
    return FigureTable(message("report.shifts"), columns, rows, note, message("report.no_shift"))


def _held(held: Sequence[HeldBackCount] | None) -> Iterable[FigureTable]:
    if held is None:
        return
    rows: tuple[Row, ...] = tuple(
        (_why(one), _known(_OTHER_ANSWERS.get(one.decision, ""), one.decision), one.people, one.rows)
        for one in held[:MOST_ROWS]
    )
    columns = _columns("why", "answer", "people", "rows_of_lists")
    note = message("report.about_held_back") if rows else None
    yield FigureTable(message("report.held_back"), columns, rows, note, message("report.nobody_held_back"))


def _why(one: HeldBackCount) -> CodedMessage:
    reason = _known(f"reason.{one.reason}", one.reason.replace("_", " "))
    channel = _channel(one.channel) if one.channel else message("report.all_channels")
    return message("report.reason_and_channel", reason=reason, channel=channel)


def _refused(found: Sequence[MostlyRefused] | None) -> Iterable[FigureTable]:
    if found:
        rows: tuple[Row, ...] = tuple(
            (
                message("report.source_of_type", source=one.source, records=records_of_type(one.type)),
                one.refused,
                one.sent,
                Share(one.refused, one.sent),
            )
            for one in found[:MOST_ROWS]
        )
        columns = _columns("source_and_type", "refused", "sent_column", "share")
        yield FigureTable(message("report.mostly_refused"), columns, rows, message("report.about_refused"))


def _quarantines(found: Sequence[ListedSource] | None) -> Iterable[FigureTable]:
    if found:
        rows: tuple[Row, ...] = tuple(
            (
                one.source,
                _minute(one.since),
                message("report.in_force") if one.held_now else _minute(one.until),
                one.waiting,
            )
            for one in found[:MOST_ROWS]
        )
        columns = _columns("source", "since", "until", "waiting")
        yield FigureTable(message("report.quarantines"), columns, rows, message("report.about_quarantines"))


def _minute(time: str | None) -> Field:
    return UNKNOWN if time is None else message("report.minute", at=instant_of(time))
