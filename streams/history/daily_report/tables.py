"""The tables of the page, each from one kind of figures."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from streams.domain.quarantine.held_records import ListedSource
from streams.history.daily_report.figures import (
    CanvassResults,
    CurrencyTotals,
    DailyReport,
    DayFigures,
    HeldBackCount,
    MoneyPart,
    SendResults,
)
from streams.history.daily_report.formatting import NOTHING, all_money, change, money, number, share, thousandths
from streams.operations.refused_records import MostlyRefused

MOST_ROWS = 12
"""Most rows of a table; the others are summed up in its last row."""

_ANSWERS = {"deny": "no", "defer": "later"}


class Table(Struct, frozen=True):
    """A table. The first column is text, the others are figures. `note`: below it; `nothing`: text for no rows."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    nothing: str = "Nothing."


def tables_of(report: DailyReport) -> tuple[Table, ...]:
    """Every table, in order."""
    day, before = report.day, report.before
    return (
        _money(day, before),
        _pledges(day, before),
        _parts("By refcode", "refcode", day.refcodes, before.refcodes),
        _parts("By committee", "committee", day.committees, before.committees),
        _sends(day),
        _providers(day),
        _talks("Conversations", "how", day.methods, before.methods),
        _talks("Doors by turf", "turf", day.turfs, before.turfs),
        _meetings(day),
        *_held(day.held),
        *_refused(report.refused),
        *_quarantines(report.quarantines),
    )


def earlier_of(one: CurrencyTotals, before: DayFigures) -> CurrencyTotals:
    nothing = CurrencyTotals(one.currency, 0, 0, 0, 0, 0)
    return next((earlier for earlier in before.money if earlier.currency == one.currency), nothing)


def _money(day: DayFigures, before: DayFigures) -> Table:
    rows: list[tuple[str, ...]] = []
    for one in day.money:
        earlier = earlier_of(one, before)
        for name, now, then in (
            ("gross", one.gross, earlier.gross),
            ("given back", one.refunded, earlier.refunded),
            ("net", one.net, earlier.net),
            ("average gift", one.average, earlier.average),
        ):
            shown = money(now, one.currency), money(then, one.currency), change(now, then)
            rows.append((name if len(day.money) == 1 else f"{name}, {one.currency}", *shown))
        for name, count, count_then in (
            ("gifts", one.gifts, earlier.gifts),
            ("donors", one.donors, earlier.donors),
            ("of them new", one.new_donors, earlier.new_donors),
        ):
            rows.append((name, number(count), number(count_then), change(count, count_then)))
    return Table("Money", ("", "on the day", "week before", "change"), tuple(rows), nothing="No gift and no refund.")


def _pledges(day: DayFigures, before: DayFigures) -> Table:
    now, then = day.pledges, before.pledges
    rows = (
        ("active", number(now.active), number(now.newly_active), number(then.newly_active)),
        ("failing", number(now.failing), number(now.newly_failing), number(then.newly_failing)),
        ("cancelled", number(now.cancelled), number(now.newly_cancelled), number(then.newly_cancelled)),
    )
    columns = ("", "when the day ended", "new on the day", "new the week before")
    known = now.active + now.failing + now.cancelled
    return Table("Pledges", columns, rows if known else (), nothing="No pledge is known.")


def _parts(title: str, column: str, parts: Sequence[MoneyPart], before: Sequence[MoneyPart]) -> Table:
    then = {(one.name, one.currency): one.net for one in before}
    rows = [
        (
            one.name or f"no {column}",
            number(one.gifts),
            money(one.gross, one.currency),
            money(one.net, one.currency),
            money(then.get((one.name, one.currency), 0), one.currency),
        )
        for one in parts[:MOST_ROWS]
    ]
    if left := parts[MOST_ROWS:]:
        for currency in sorted({one.currency for one in left}):
            these = [one for one in left if one.currency == currency]
            gross, net = sum(one.gross for one in these), sum(one.net for one in these)
            shown = money(gross, currency), money(net, currency), NOTHING
            rows.append((f"{len(these)} others", number(sum(one.gifts for one in these)), *shown))
    return Table(title, (column, "gifts", "gross", "net", "net, week before"), tuple(rows))


def _sends(day: DayFigures) -> Table:
    these = [send for send in day.sends if send.reached]
    earlier = [send for send in day.sends if not send.reached]
    rows = [_send(send.campaign or "no campaign", send) for send in these[:MOST_ROWS]]
    if left := these[MOST_ROWS:]:
        rows.append(_send(f"{len(left)} others", _summed(left)))
    if earlier:
        rows.append(_send("of earlier sends", _summed(earlier)))
    columns = ("campaign", "by", "delivered", "clicks", "left", "complaints", "raised", "per 1,000")
    note = (
        "Clicks: how many are likely to have been people's. Left: unsubscribed, or STOP. Raised: by gifts that name "
        "the campaign, or came within a day of its asking."
    )
    if any(send.sent and not send.delivered for send in these):
        note += " Sent: nothing was reported delivered."
    return Table("Messages", columns, tuple(rows), note, "No message was sent or delivered.")


def _send(name: str, send: SendResults) -> tuple[str, ...]:
    per_1000 = {currency: round(gross * 1000 / send.reached) for currency, gross in send.raised.items() if send.reached}
    return (
        name,
        ", ".join(send.channels) or NOTHING,
        number(send.delivered) if send.delivered or not send.sent else f"{number(send.sent)} sent",
        thousandths(send.clicks_human),
        number(send.unsubscribes),
        number(send.complaints),
        all_money(send.raised),
        all_money(per_1000),
    )


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


def _providers(day: DayFigures) -> Table:
    rows = tuple(
        (
            one.mailbox or "not told",
            number(one.delivered),
            number(one.unsubscribes),
            number(one.complaints),
            share(one.complaints, one.delivered, 2),
        )
        for one in day.providers
    )
    columns = ("mailbox", "delivered", "left", "complaints", "complaint rate")
    return Table("E-mail by mailbox provider", columns, rows, nothing="No e-mail was delivered.")


def _talks(title: str, column: str, talks: Sequence[CanvassResults], before: Sequence[CanvassResults]) -> Table:
    then = {one.name: one for one in before}
    rows = [_talk(one.name or f"no {column}", one, then.get(one.name)) for one in talks[:MOST_ROWS]]
    if left := talks[MOST_ROWS:]:
        attempts, met, supporters = (
            sum(getattr(one, name) for one in left) for name in ("attempts", "contacted", "supporters")
        )
        rows.append(_talk(f"{len(left)} others", CanvassResults(None, attempts, met, supporters), None))
    columns = (column, "attempts", "met", "contact rate", "week before", "supporters")
    return Table(title, columns, tuple(rows), nothing="None was reported.")


def _talk(name: str, one: CanvassResults, earlier: CanvassResults | None) -> tuple[str, ...]:
    rate = share(earlier.contacted, earlier.attempts) if earlier else NOTHING
    met = number(one.contacted), share(one.contacted, one.attempts), rate
    return (name, number(one.attempts), *met, number(one.supporters))


def _meetings(day: DayFigures) -> Table:
    rows = tuple(
        (
            one.event_id,
            number(one.promised),
            number(one.attended),
            number(one.no_show),
            number(one.cancelled),
            share(one.no_show, one.attended + one.no_show),
        )
        for one in day.meetings
    )
    columns = ("event", "promised", "came", "did not come", "called off", "flake rate")
    note = "Flake rate: of those of whom it is told, who did not come and had not called it off."
    return Table("Shifts and events", columns, rows, note if rows else "", "None was on the day.")


def _held(held: Sequence[HeldBackCount] | None) -> Iterable[Table]:
    if held is None:
        return
    rows = tuple(
        (
            f"{one.reason.replace('_', ' ')}, {one.channel or 'all'}",
            _ANSWERS.get(one.decision, one.decision),
            number(one.people),
            number(one.rows),
        )
        for one in held[:MOST_ROWS]
    )
    note = (
        "Whom a team asked about and was told not to reach, or not yet. People: by way of the API, each once. Rows: of "
        "lists (`harmonia permit`), each time that one was judged."
    )
    columns = ("why", "answer", "people", "rows of lists")
    yield Table("Held back", columns, rows, note if rows else "", "Nobody whom a team asked about.")


def _refused(found: Sequence[MostlyRefused] | None) -> Iterable[Table]:
    if found:
        rows = tuple(
            (f"{one.source}, {one.type}", number(one.refused), number(one.sent), share(one.refused, one.sent))
            for one in found[:MOST_ROWS]
        )
        note = "Sources of which more than half of a type was refused. What was refused is in no figure of this page."
        yield Table("Mostly refused", ("source and type", "refused", "sent", "share"), rows, note)


def _quarantines(found: Sequence[ListedSource] | None) -> Iterable[Table]:
    if found:
        rows = tuple(
            (one.source, _minute(one.since), "in force" if one.held_now else _minute(one.until), number(one.waiting))
            for one in found[:MOST_ROWS]
        )
        note = "What can wait of them, such as opens and clicks, is held until somebody releases it. Times: UTC."
        yield Table("In quarantine", ("source", "since", "until", "records that wait"), rows, note)


def _minute(time: str | None) -> str:
    return NOTHING if time is None else time[:16].replace("T", " ")
