"""Normalises e-mail addresses and phone numbers, so that two teams that mean one person write the same.

E-mail has plain code, because libraries refuse test domains and cost ten times as much. Nothing is guessed: dots and
`+tags` of a local part stay, since only the receiving server knows what they mean. Gmail's rules are known, and applied
by `one_gmail` on request.
"""

import re
import unicodedata
from functools import lru_cache

import idna
import phonenumbers

from events.fields import MAX_TEXT

_MAX_ADDRESS = 254
_GMAIL = frozenset({"gmail.com", "googlemail.com"})
_LOCAL = re.compile(r"[^\x00-\x20\x7f-\xa0\s<>()\[\],;:\\\"@]+").fullmatch
_DOMAIN_PATTERN = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
_DOMAIN = re.compile(_DOMAIN_PATTERN).fullmatch
_USUAL_LOCAL = re.compile("[a-z0-9._+-]+").fullmatch
_NORTH_AMERICAN = re.compile(r"\+1[2-9][0-9]{9}").fullmatch
_OVERSEAS = (262, 590, 594, 596)
"""Country codes of departments where one dials as in France."""
_MAY_BE_OVERSEAS = ("26", "59", "639", "69", "709", "947", "976")
"""With what such numbers begin, without their 0: all others need no look at the library's plans."""
_NUMBER_OVERSEAS = re.compile(r"\+(?:262|590|594|596)([0-9]{9})").fullmatch
_OF_SOMEBODY = frozenset(
    {
        phonenumbers.PhoneNumberType.FIXED_LINE,
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    }
)
_ONE_NUMBER = re.compile(r"\D*(?:\d|[^\w;,#＃*=:~～|&\\+＋])*").fullmatch
"""Any words before the first digit; behind it digits and what parts them, and no letter."""
_in_a_link = re.compile(r"[/／]{2}|[?&]\S*=|[@＠]|\w\.\w\S*[/／]").search
"""A number behind this is part of a link or an address, which nothing dials."""
_MOST_WORDS = 250
"""Characters before a number that are looked at; the library reads none out of a longer text."""
_first_digit = re.compile(r"\d").search
_part_numbers = re.compile(r"[/／\r\n]").split
_LEAST_DIGITS = 7
"""Digits of a number with its area code; codes before a `/` have fewer."""
_USUAL_US = re.compile(
    r"(?:\+?1[-. ]?)?(?:\(([2-9][0-9]{2})\) ?|([2-9][0-9]{2})[-. ]?)([0-9]{3})[-. ]?([0-9]{4})"
).fullmatch


def normalise_email(text: str) -> str | None:
    """The address without surrounding space, in Unicode NFC and lower case, its domain in IDNA (UTS 46) when not ASCII.

    Lower case is `str.lower`, which leaves ß and ss apart. None: not one address with a dotted domain, or longer than
    254 characters.
    """
    if len(text) > MAX_TEXT:
        return None
    local, _, domain = text.rpartition("@")
    if len(text) <= _MAX_ADDRESS and _USUAL_LOCAL(local) and _is_domain(domain):
        return text  # a third of the time for what most producers send
    text = text.strip()
    plain = text.isascii()
    text = text.lower() if plain else _folded(text)
    local, at, domain = text.rpartition("@")
    if not at or _LOCAL(local) is None:
        return None
    if not plain and not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except UnicodeError:
            return None
    if len(local) + 1 + len(domain) > _MAX_ADDRESS or _DOMAIN(domain) is None:
        return None
    return f"{local}@{domain}"


@lru_cache(maxsize=4_096)
def _is_domain(text: str) -> bool:
    """Whether this is a dotted domain in ASCII and lower case; most addresses are of a few."""
    return _DOMAIN(text) is not None


def one_gmail(address: str) -> str:
    """A normalised address as Gmail reads it: without dots and `+tag`, `googlemail.com` as `gmail.com`.

    Addresses of other domains stay as they are, and so does one that would have nothing left.
    """
    local, _, domain = address.rpartition("@")
    if domain not in _GMAIL:
        return address
    return f"{local.partition('+')[0].replace('.', '') or local}@gmail.com"


def has_numbers(region: str) -> bool:
    """Whether a region (ISO 3166) has phone numbers of its own: `EU` and `ZZ` have none."""
    return region in phonenumbers.SUPPORTED_REGIONS


def _folded(text: str) -> str:
    """Lower case in Unicode NFC; lower-casing may undo NFC, so it is applied twice."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())


def normalise_phone(text: str, region: str, *, overseas: bool = False) -> str | None:
    """The number in E.164. `region` (ISO 3166, `US`) says how to read one without a country code.

    `overseas`: in the region `FR` one that is dialled as in France, but is of a department overseas, has its code.
    None: no number of a length that its country has. Whether it is assigned does not matter: the 555 numbers of a
    campaign's tests are people too. A number without its area code is none, for two people may share it.
    """
    text = text.strip()
    if _NORTH_AMERICAN(text):
        return text
    if region == "US" and (usual := _USUAL_US(text)):
        return "+1" + "".join(filter(None, usual.groups()))
    return _e164(text, region, overseas)


def is_one_phone(text: str) -> bool:
    """Whether a text holds one number at most: no second one, no extension, and nothing that is dialled behind it.

    `normalise_phone` reads the first number alone, also out of a link, but what dials takes the whole text.
    """
    first = _first_digit(text)
    if _ONE_NUMBER(text) is None or _in_a_link(text, 0, min(first.start() if first else len(text), _MOST_WORDS)):
        return False
    return sum(sum(map(str.isdecimal, part)) >= _LEAST_DIGITS for part in _part_numbers(text)) < 2


def read_as_of_france(number: str) -> str | None:
    """A number overseas as it was read where `overseas` is not: with the code of France. None: it is of elsewhere."""
    found = _NUMBER_OVERSEAS(number)
    return None if found is None else f"+33{found[1]}"


@lru_cache(maxsize=4_096)
def _e164(text: str, region: str, overseas: bool) -> str | None:
    """The number in E.164, cached: parsing takes over 10 µs, and a list of calls repeats its numbers."""
    try:
        number = phonenumbers.parse(text, region, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    is_national = number.country_code_source == phonenumbers.CountryCodeSource.FROM_DEFAULT_COUNTRY
    return (_overseas(number) if overseas and is_national and region == "FR" else None) or _in_e164(number)


def _overseas(national: phonenumbers.PhoneNumber) -> str | None:
    """A number as it is dialled in France, if it is one of the departments overseas, which have codes of their own.

    That is a landline or a mobile that just one code can have. Not by what is invalid in France itself: its plan, as
    the library has it, takes landlines of Martinique and Mayotte for its own.
    """
    if not str(national.national_number).startswith(_MAY_BE_OVERSEAS):
        return None
    numbers = (phonenumbers.PhoneNumber(code, national.national_number) for code in _OVERSEAS)
    found = [_in_e164(number) for number in numbers if phonenumbers.number_type(number) in _OF_SOMEBODY]
    return found.pop() if len(found) == 1 else None


def _in_e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
