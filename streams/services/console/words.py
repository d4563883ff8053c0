"""What the console says in a reader's language: sentences, numbers, money, dates and times.

Everything that a page shows goes through `Words`. English sentences are the keys of the catalogues, one `.po` or more
for each language. That of English has what pages say in other words than the command line, such as no commands.
Nothing is compiled beforehand, so no binary can differ from its source.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent

from events.adapters.values import decimals
from streams.domain.messages import (
    TEMPLATES,
    Change,
    CodedMessage,
    Day,
    Duration,
    Expected,
    Field,
    Instant,
    Listed,
    Money,
    PercentagePoints,
    Plural,
    Share,
    fill,
    number_of,
    shown,
)
from streams.services.console import names

Language = Literal["en", "fr"]
Form = Literal["", "since", "at", "until"]
"""What stands before a moment in its sentence: nothing, `since` or `not before`, `at` or `on`, `until`."""
LANGUAGES: tuple[Language, ...] = get_args(Language)
NAMES = {
    "type": names.TYPES,
    "outcome": names.OUTCOMES,
    "process": names.PROCESS_STATES,
    "channel": names.CHANNELS,
    "purpose": names.PURPOSES,
    "stop": names.STOPS,
    "mailbox": names.MAILBOXES,
    "at_mailbox": names.AT_MAILBOXES,
    "left": names.LEFT,
    "refusal": names.REFUSALS,
    "kind": names.KINDS,
    "origin": names.ORIGINS,
    "right": names.RIGHTS,
    "right_outcome": names.RIGHTS_OUTCOMES,
    "right_outcome_told": names.RIGHTS_OUTCOMES_AS_TOLD,
    "look": names.LOOKS,
    "look_told": names.LOOKS_AS_TOLD,
    "answer": names.ANSWERS,
    "way": names.WAYS,
    "field": names.FIELDS,
    "ground": names.GROUNDS,
    "period": names.PERIODS,
}
UNKNOWN = "–"
"""What is shown of something that nobody knows; never a 0."""
CATALOGUES = Path(__file__).parent / "locale"
_MANY = 1_000_000
_NARROW = "\u202f"
_FRENCH_FORMS: Mapping[Form, tuple[str, str]] = {
    "": ("", ""),
    "since": ("", "le "),
    "at": ("à ", "le "),
    "until": ("à ", "au "),
}
"""What French has before a time of today, and before a day."""
_BEGINS_WITH_PLACE = re.compile(r"\{([a-z_]+)").match
_PER_CENT_APART = re.compile(r"(\d) %").sub
"""A space before a per cent sign, which the command line has in some places and pages have in none."""
_WRITTEN = 20_000
"""So many numbers and times are remembered as they are written."""
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400
_YEAR_DAYS = 365.2425


@cache
def catalogue_of(language: Language) -> NullTranslations:
    """The sentences of a language, of all its catalogues together; English has those alone that pages say otherwise."""
    found: NullTranslations = NullTranslations()
    for file in sorted((CATALOGUES / language / "LC_MESSAGES").glob("*.po")):
        compiled = BytesIO()
        with file.open("rb") as source:
            write_mo(compiled, read_po(source, locale=language))
        compiled.seek(0)
        translations = GNUTranslations(compiled)
        translations.add_fallback(found)
        found = translations
    return found


def language_of(accept_language: str | None) -> Language:
    """The first language of an Accept-Language header that the console speaks; English where there is none."""
    for word in (accept_language or "").lower().split(","):
        tag = word.partition(";")[0].strip().partition("-")[0]
        for language in LANGUAGES:
            if tag == language:
                return language
    return "en"


class Words:
    """Writes for readers of one language; times are those of `zone` (IANA)."""

    def __init__(self, language: Language, zone: str = "UTC") -> None:
        self.language = language
        self.zone = zone
        self._zone = ZoneInfo(zone)
        self._locale = Locale.parse("en_US" if language == "en" else language)
        self._catalogue = catalogue_of(language)

    def text(self, msgid: str, **fields: Field | None) -> str:
        """The sentence of an English one, with its places `{name}` filled in."""
        sentence = self._catalogue.gettext(msgid)
        return fill(sentence, _known(fields), self.show) if fields else sentence

    def plural(self, one: str, other: str, n: int, **fields: Field | None) -> str:
        """The sentence for a number, which fills the place `{n}`."""
        sentence = self._catalogue.ngettext(one, other, n)
        return fill(sentence, {"n": n, **_known(fields)}, self.show)

    def message(self, message: CodedMessage) -> str:
        """The sentence of a code with its fields. Raises KeyError for a code without one."""
        text = fill(self._template(message), message.fields, self.show)
        return _PER_CENT_APART(r"\1%", text) if self.language == "en" else text

    def _template(self, message: CodedMessage) -> str:
        """The sentence of a code, in which its fields have no values yet."""
        template = TEMPLATES[message.code]
        if not isinstance(template, Plural):
            return self._catalogue.pgettext(message.code, template)
        number = number_of(message.fields[template.by])
        return self._catalogue.npgettext(message.code, template.one, template.other, number)

    def show(self, field: Field, how: str = "") -> str:
        """A field as this language writes it. `how`: as its sentence says; of a list what is between items."""
        if self.language == "en":
            return (
                self.message(field) if isinstance(field, CodedMessage) else _PER_CENT_APART(r"\1%", shown(field, how))
            )
        return self._listed(field, how) if isinstance(field, Listed) else self._shown(field)

    def _shown(self, field: Field) -> str:
        """A field in a language that is not English."""
        match field:
            case str():
                return field
            case int() | float():
                return self.number(field)
            case CodedMessage():
                return self.message(field)
            case Listed():
                return self._listed(field)
            case Money() | Share() | PercentagePoints() | Change() | Expected():
                return self._quantity(field)
            case Instant() | Day() | Duration():
                return self._when(field)

    def _listed(self, field: Listed, between: str = "") -> str:
        items = (between or ", ").join(self._shown(item) for item in field.items)
        return self.text("{items} and {n} more", items=items, n=field.left_out) if field.left_out else items

    def _quantity(self, field: Money | Share | PercentagePoints | Change | Expected) -> str:
        match field:
            case Money():
                text = self.money(field.minor, field.currency, whole=field.whole)
                return f"+{text}" if field.signed and field.minor > 0 else text
            case Share():
                return self.share(field.part, field.whole, field.digits)
            case PercentagePoints():
                return self.text("{points} pp", points=self.signed(field.points, field.digits))
            case Change():
                now, before = field.now, field.before
                if not before or before < 0 or now is None:
                    return UNKNOWN
                change = (now - before) / before
                return ("+" if change > 0 else "") + self.share(change)
            case Expected():
                return self.number(field.thousandths / 1000, 1 if field.thousandths < _MANY else 0)

    def _when(self, field: Instant | Day | Duration) -> str:
        match field:
            case Instant():
                return words_in(self.language, field.zone).moment(field.ms)
            case Day():
                return format_date(date.fromisoformat(field.date), "full", self._locale)
            case Duration():
                return self.span(field.seconds)

    def number(self, value: float | None, digits: int | None = None) -> str:
        """A number with the language's separators; `digits` behind the decimal point, else as many as it has."""
        if value is None or not math.isfinite(value):
            return UNKNOWN
        shape = "#,##0.######" if digits is None else "#,##0" + ("." + "0" * digits if digits else "")
        return _decimal(value, shape, self._locale)

    def signed(self, value: float | None, digits: int | None = None) -> str:
        """A difference: a number with its sign."""
        return UNKNOWN if value is None else ("+" if value > 0 else "") + self.number(value, digits)

    def money(self, minor: float | None, currency: str | None, *, whole: bool = False) -> str:
        """An amount in minor units of a currency (ISO 4217): `$29,123.50`, `29 123,50 $US`; `whole`: without cents."""
        if minor is None:
            return UNKNOWN
        if self.language == "en":
            return shown(Money(minor, currency, whole=whole))
        if not currency:
            return self.number(minor / 100, 2)
        digits = 0 if whole else decimals(currency)
        shape = "#,##0" + ("." + "0" * digits if digits else "") + "\u00a0¤"
        return format_currency(minor / 10 ** decimals(currency), currency, shape, self._locale, currency_digits=False)

    def amounts(self, minor_by_currency: Mapping[str, int] | None, beside: Mapping[str, int] | None = None) -> str:
        """Amounts of several currencies, joined by a plus; nothing at all as a nought of the currencies `beside`."""
        if minor_by_currency is None:
            return UNKNOWN
        found = minor_by_currency or dict.fromkeys(beside or (), 0)
        return " + ".join(self.money(minor, name) for name, minor in sorted(found.items())) or self.money(0, None)

    def share(self, part: float | None, whole: float | None = 1, digits: int = 0) -> str:
        """A part of a whole in per cent: `31%`, `31 %`. Unknown where there is no whole."""
        if part is None or not whole:
            return UNKNOWN
        shape = "#,##0" + ("." + "0" * digits if digits else "") + ("%" if self.language == "en" else _NARROW + "%")
        return _percent(part / whole, shape, self._locale)

    def time(self, ms: int | None) -> str:
        """The time of day of a moment (ms since 1970): `21:14`."""
        return UNKNOWN if ms is None else _minute(ms // 60_000, self._zone, self._locale)

    def day(self, ms: int | None) -> str:
        """The day of a moment: `Tue, Nov 6, 2012`, `mar. 6 nov. 2012`."""
        shape = "EEE, MMM d, y" if self.language == "en" else "EEE d MMM y"
        return UNKNOWN if ms is None else format_date(self._at(ms), shape, self._locale)

    def moment(self, ms: int | None) -> str:
        """Day and time of a moment, with its time zone."""
        return UNKNOWN if ms is None else f"{self.day(ms)} {self.time(ms)} {self._at(ms).tzname()}"

    def short(self, ms: int | None, now_ms: int) -> str:
        """Day and time of a moment, with the year where it is another than now: `Nov 6 21:14`, `6 nov. 2012 21:14`."""
        if ms is None:
            return UNKNOWN
        at = self._at(ms)
        year = "" if at.year == self._at(now_ms).year else ", y" if self.language == "en" else " y"
        shape = ("MMM d" if self.language == "en" else "d MMM") + year
        return f"{format_date(at, shape, self._locale)} {self.time(ms)}"

    def soon(self, ms: int | None, now_ms: int, form: Form = "") -> str:
        """A moment near now: the time alone where it is today, else with its day.

        `form`: of what sentence it is a part, for languages that need an article then: `le 6 nov. 21:14`.
        """
        if ms is None:
            return UNKNOWN
        is_today = self._at(ms).date() == self._at(now_ms).date()
        told = self.time(ms) if is_today else self.short(ms, now_ms)
        return _FRENCH_FORMS[form][not is_today] + told if self.language == "fr" else told

    def sentence(self, said: CodedMessage) -> str:
        """A message as a sentence of its own: a full stop last, and a capital letter first.

        What somebody else named, such as a source, stays as they wrote it.
        """
        text = self.message(said)
        first = text[:1] if self._begins_with_name(said) else text[:1].upper()
        return f"{first}{text[1:]}{'' if text.endswith(('.', '!', '?', '…')) else '.'}"

    def _begins_with_name(self, said: CodedMessage) -> bool:
        """Whether the first word of a message is none of ours, but of one of its fields."""
        place = _BEGINS_WITH_PLACE(self._template(said))
        field = None if place is None else said.fields[place[1]]
        if isinstance(field, Listed) and field.items:
            field = field.items[0]
        return self._begins_with_name(field) if isinstance(field, CodedMessage) else isinstance(field, str)

    def name(self, of: str, word: str | None) -> str:
        """What a word of the contract is called; the word itself where it has no name.

        `of`: `type`, `outcome`, `channel`, `purpose`, `stop`, `origin`, `way`, `field`, `mailbox`, `at_mailbox` in a
        sentence.
        """
        known = NAMES[of].get(word or "")
        return self.text(known) if known is not None else word or UNKNOWN

    def ago(self, ms: int | None) -> str:
        """How long ago something was, given the milliseconds since: `2 s`, `4 min`, `3 h`, `2 days`."""
        return UNKNOWN if ms is None else self.span(max(0, ms) / 1000)

    def span(self, seconds: float | None) -> str:
        """A length of time in its largest unit, rounded down."""
        if seconds is None:
            return UNKNOWN
        if seconds < _MINUTE_S:
            return self.text("{n} s", n=int(seconds))
        if seconds < _HOUR_S:
            return self.text("{n} min", n=int(seconds // _MINUTE_S))
        if seconds < 2 * _DAY_S:
            return self.text("{n} h", n=int(seconds // _HOUR_S))
        days = int(seconds // _DAY_S)
        if days < 2 * _YEAR_DAYS:
            return self.plural("{n} day", "{n} days", days)
        return self.plural("{n} year", "{n} years", int(days // _YEAR_DAYS))

    def _at(self, ms: int) -> datetime:
        return datetime.fromtimestamp(ms / 1000, UTC).astimezone(self._zone)


@cache
def words_in(language: Language, zone: str) -> Words:
    """Those of a language and a zone; made once, for they are wanted for each page, and each second for an open one."""
    return Words(language, zone)


@lru_cache(maxsize=_WRITTEN)
def _decimal(value: float, shape: str, locale: Locale) -> str:
    """A number as it is written: a page has hundreds, and most are those of a moment ago or of another reader."""
    return format_decimal(value, shape, locale)


@lru_cache(maxsize=_WRITTEN)
def _percent(value: float, shape: str, locale: Locale) -> str:
    return format_percent(value, shape, locale)


@lru_cache(maxsize=_WRITTEN)
def _minute(minute: int, zone: ZoneInfo, locale: Locale) -> str:
    return format_time(datetime.fromtimestamp(minute * 60, UTC).astimezone(zone), "HH:mm", locale=locale)


def _known(fields: Mapping[str, Field | None]) -> dict[str, Field]:
    return {name: UNKNOWN if field is None else field for name, field in fields.items()}
