"""The daily report as pages show it: without what fewer than ten people did, so that none of it follows. Pure.

The rule is that of the other pages (`small_cells`): attempts and messages are always shown, what people said or gave is
shown of ten or more, and what is left out of a sum is of two cells and ten people or more. Nobody counts givers of a
refcode; there are no more of them than of gifts. What the week before has is shown where the page of that day shows it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from streams.domain.messages import Change, CodedMessage, Field, Money, Share, message
from streams.history.daily_report.figures import (
    CanvassResults,
    CurrencyTotals,
    DailyReport,
    DayFigures,
    EventAttendance,
    MoneyPart,
    SendResults,
)
from streams.history.daily_report.page import Headline, headlines
from streams.history.daily_report.tables import MOST_ROWS, UNKNOWN, FigureTable, Row, earlier_of, figure_tables
from streams.history.daily_report.warnings import warning_messages
from streams.services.console.desk_reading import Gifts
from streams.services.console.rights import FEWEST, Cell, merge_small
from streams.services.console.small_cells import split, together

Rule = Callable[[Sequence[Row], DailyReport], Iterator[Row]]
"""From the rows of a table to those that are shown."""


class ShownTable(Struct, frozen=True):
    """A table as it may be shown. `hides`: whether anything is left out of it."""

    table: FigureTable
    hides: bool


def shown_tables(report: DailyReport) -> list[ShownTable]:
    """Every table in order, each without what few people did."""
    large, few = _large_parts(report)
    return [_shown(table, report, few.get(table.title.code, ())) for table in figure_tables(large)]


def _shown(table: FigureTable, report: DailyReport, few: Sequence[Row]) -> ShownTable:
    rule = _RULES.get(table.title.code)
    rows = table.rows if rule is None else (*rule(table.rows, report), *few)
    return ShownTable(replace(table, rows=rows), bool(few) or rows != table.rows)


def shown_headlines(report: DailyReport) -> Iterator[Headline]:
    """The headline figures; unknown where they are of few people."""
    main = report.day.money[:1]
    shown = {} if not main else {
        code: tuple(tells(one) for one in (main[0], earlier_of(main[0], report.before)))
        for code, tells in (("report.gross", _tells_money), ("report.net", _tells_money), (_NEW, _tells_new))
    }  # fmt: skip
    for one in headlines(report):
        now, then = shown.get(one.name.code, (True, True))
        yield Headline(one.name, one.value if now else UNKNOWN, one.change if now and then else Change(None, None))


_NEW = "report.new_donors"


def shown_warnings(report: DailyReport) -> Iterator[CodedMessage]:
    """Every warning, those that would tell what few people did in words without figures."""
    day, before = report.day, report.before
    money = all(_tells_money(one) for one in day.money)
    gave = money and all(_tells_money(one) for one in before.money)
    doors = "door" in _shown_talks(day.methods) and "door" in _shown_talks(before.methods)
    few_pledges = any(_is_few(count) for count in (day.pledges.newly_failing, day.pledges.failing, day.pledges.active))
    events = {each.event_id for each in day.meetings if _tells_event(each)}
    for one in warning_messages(report):
        match one.code:
            case "report.net_below_zero" if not money:
                yield message("report.net_below_zero_of_few")
            case "report.gross_fell" if not gave:
                yield message("report.gross_fell_of_few")
            case "report.pledges_fail" if few_pledges:
                yield message("report.pledges_fail_of_few")
            case "report.fewer_met" if not doors:
                yield message("report.fewer_met_of_few")
            case "report.flakes" if one.fields["event"] not in events:
                continue
            case _:
                yield one


def _is_few(count: int) -> bool:
    return 0 < count < FEWEST


def _tells_money(one: CurrencyTotals) -> bool:
    return one.gifts >= FEWEST or (not one.gifts and not one.refunded)


def _tells_donors(one: CurrencyTotals) -> bool:
    return not _is_few(one.donors)


def _tells_new(one: CurrencyTotals) -> bool:
    return not _is_few(one.new_donors) and not _is_few(one.donors - one.new_donors)


def _always(_: CurrencyTotals) -> bool:
    return True


_OF_MONEY = (_tells_money, _tells_money, _tells_money, _tells_money, _always, _tells_donors, _tells_new)
"""Of each row of a currency whether it may be shown: gross, given back, net, average, gifts, donors, new ones."""


def _money(rows: Sequence[Row], report: DailyReport) -> Iterator[Row]:
    for place, (name, *cells) in enumerate(rows):
        one = report.day.money[place // len(_OF_MONEY)]
        tells = _OF_MONEY[place % len(_OF_MONEY)]
        now, then = tells(one), tells(earlier_of(one, report.before))
        yield name, *_kept(cells, (now, then, now and then))


def _kept(cells: Sequence[Field], shown: Sequence[bool]) -> Iterator[Field]:
    yield from (cell if is_shown else UNKNOWN for cell, is_shown in zip(cells, shown, strict=True))


def _counts(rows: Sequence[Row], _: DailyReport) -> Iterator[Row]:
    """Counts that stand each for itself, with no sum beside them."""
    for row in rows:
        yield tuple(UNKNOWN if isinstance(cell, int) and _is_few(cell) else cell for cell in row)


def _large_parts(report: DailyReport) -> tuple[DailyReport, Mapping[str, list[Row]]]:
    """The report with those refcodes and committees that may be shown, and the rows of the others by table."""
    refcodes, few_refcodes = _split_parts(report.day.refcodes)
    committees, few_committees = _split_parts(report.day.committees)
    day = replace(report.day, refcodes=refcodes, committees=committees)
    return replace(report, day=day), {"report.refcodes": few_refcodes, "report.committees": few_committees}


def _split_parts(parts: Sequence[MoneyPart]) -> tuple[tuple[MoneyPart, ...], list[Row]]:
    rows: list[Row] = []
    hidden = _hidden_parts(parts)
    for currency in sorted({currency for _, currency in hidden}):
        few = [_gifts(each) for each in parts if each.currency == currency and (each.name, currency) in hidden]
        whole = together(few)
        name = message("report.few_gifts", count=len(few))
        if whole.gifts >= FEWEST:
            gross, net = (Money(sums.get(currency, 0), currency) for sums in (whole.gross, whole.net))
            rows.append((name, whole.gifts, gross, net, UNKNOWN))
        else:
            rows.append((name, *[UNKNOWN] * 4))
    return tuple(each for each in parts if (each.name, each.currency) not in hidden), rows


def _hidden_parts(parts: Sequence[MoneyPart]) -> frozenset[tuple[str | None, str]]:
    hidden: set[tuple[str | None, str]] = set()
    for currency in {each.currency for each in parts}:
        of = {repr(each.name): each for each in parts if each.currency == currency}
        _, few = split([_gifts(each) for each in of.values()], lambda each: each.values[0])
        hidden |= {(of[each.values[0]].name, currency) for each in few}
    return frozenset(hidden)


def _gifts(part: MoneyPart) -> Gifts:
    sums = {part.currency: part.gross}, {part.currency: part.refunded}
    return Gifts((repr(part.name),), None, part.gifts, sums[0], 0, sums[1], 0, 0)


def _parts(of: Callable[[DayFigures], Sequence[MoneyPart]]) -> Rule:
    """Leaves out what the page of the week before does not show either."""

    def rule(rows: Sequence[Row], report: DailyReport) -> Iterator[Row]:
        now, before = _hidden_parts(of(report.day)), _hidden_parts(of(report.before))
        large = [each for each in of(report.day) if (each.name, each.currency) not in now]
        for place, row in enumerate(rows):
            hides = place < min(MOST_ROWS, len(large)) and (large[place].name, large[place].currency) in before
            yield (*row[:-1], UNKNOWN) if hides else row

    return rule


def _units(talks: Sequence[CanvassResults]) -> list[CanvassResults]:
    """The rows of a table: the first by themselves, all others as one."""
    left = talks[MOST_ROWS:]
    return [*talks[:MOST_ROWS], *([_talks_together(left)] if left else [])]


def _talks_together(talks: Sequence[CanvassResults]) -> CanvassResults:
    attempts, contacted, supporters = (
        sum(getattr(each, name) for each in talks) for name in ("attempts", "contacted", "supporters")
    )
    return CanvassResults(None, attempts, contacted, supporters)


def _shown_places(talks: Sequence[CanvassResults]) -> frozenset[int]:
    """Which rows may tell who was met."""
    cells, _ = merge_small([Cell((str(place),), each.contacted) for place, each in enumerate(_units(talks))])
    return frozenset(int(cell.keys[0]) for cell in cells)


def _shown_talks(talks: Sequence[CanvassResults]) -> frozenset[str | None]:
    """The turfs or methods whose own row tells who was met."""
    return frozenset(talks[place].name for place in _shown_places(talks) if place < min(MOST_ROWS, len(talks)))


def _talks(
    of: Callable[[DayFigures], Sequence[CanvassResults]],
) -> Callable[[Sequence[Row], DailyReport], Iterator[Row]]:
    def rule(rows: Sequence[Row], report: DailyReport) -> Iterator[Row]:
        talks, units = of(report.day), _units(of(report.day))
        shown, before = _shown_places(talks), _shown_talks(of(report.before))
        for place, (name, attempts, met, rate, then, supporters) in enumerate(rows):
            was = then if place < len(talks[:MOST_ROWS]) and talks[place].name in before else UNKNOWN
            may = place in shown
            yield name, attempts, *_kept((met, rate, was, supporters), (may, may, True, may))
        few = _talks_together([unit for place, unit in enumerate(units) if place not in shown])
        if few.contacted >= FEWEST:
            count = len(units) - len(shown)
            rate = Share(few.contacted, few.attempts)
            name = message("report.few_people", count=count)
            yield name, few.attempts, few.contacted, rate, UNKNOWN, few.supporters

    return rule


def _sends(rows: Sequence[Row], report: DailyReport) -> Iterator[Row]:
    """Money that came of messages; the gifts of no message are a cell too, since all of them are told as well."""
    sends = report.day.sends
    these, earlier = [each for each in sends if each.reached], [each for each in sends if not each.reached]
    units: list[Sequence[SendResults]] = [[each] for each in these[:MOST_ROWS]]
    units += [left for left in (these[MOST_ROWS:], earlier) if left]
    gifts = [sum(each.gifts for each in unit) for unit in units]
    others = max(0, sum(each.gifts for each in report.day.money) - sum(gifts))
    cells, _ = merge_small([Cell((str(place),), count) for place, count in enumerate([*gifts, others])])
    shown = {int(cell.keys[0]) for cell in cells}
    for place, row in enumerate(rows):
        yield row if place in shown else (*row[:-2], UNKNOWN, UNKNOWN)


def _tells_event(event: EventAttendance) -> bool:
    return not _is_few(max(event.promised, event.attended + event.no_show) + event.cancelled)


def _meetings(rows: Sequence[Row], report: DailyReport) -> Iterator[Row]:
    for event, row in zip(report.day.meetings, rows, strict=True):
        yield row if _tells_event(event) else (row[0], *[UNKNOWN] * (len(row) - 1))


_RULES: Mapping[str, Rule] = {
    "report.money": _money,
    "report.pledges": _counts,
    "report.refcodes": _parts(lambda day: day.refcodes),
    "report.committees": _parts(lambda day: day.committees),
    "report.messages": _sends,
    "report.conversations": _talks(lambda day: day.methods),
    "report.turfs": _talks(lambda day: day.turfs),
    "report.shifts": _meetings,
    "report.held_back": _counts,
}
