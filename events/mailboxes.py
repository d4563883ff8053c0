"""The provider of an e-mail address, which is all that is known of it once it is a hash.

Each provider counts complaints by itself and has its own limits, so a campaign is judged by provider. The domain alone
decides, by a list of the providers' own domains and no look-up. A provider's customer domain (a company's, a
university's, another carrier's) cannot be recognised and counts as `other`.
"""

import re
from functools import lru_cache
from typing import Literal

Mailbox = Literal["gmail", "yahoo", "microsoft", "apple", "other"]

_OWN: dict[str, Mailbox] = {
    "gmail.com": "gmail",
    "googlemail.com": "gmail",
    "ymail.com": "yahoo",
    "rocketmail.com": "yahoo",
    "myyahoo.com": "yahoo",
    "aim.com": "yahoo",
    "msn.com": "microsoft",
    "passport.com": "microsoft",
    "windowslive.com": "microsoft",
    "icloud.com": "apple",
    "me.com": "apple",
    "mac.com": "apple",
    "privaterelay.appleid.com": "apple",
    "yahoo.co.jp": "other",  # another company's, under a licence
}
_IN_MANY_COUNTRIES: dict[str, Mailbox] = {
    "yahoo": "yahoo",
    "aol": "yahoo",
    "outlook": "microsoft",
    "hotmail": "microsoft",
    "live": "microsoft",
}
_is_country = re.compile(r"com|[a-z]{2}|com?\.[a-z]{2}").fullmatch


def mailbox_of(address: str) -> Mailbox:
    """The provider of a normalised address."""
    return _mailbox_at(address[address.rfind("@") + 1 :])


@lru_cache(maxsize=4_096)
def _mailbox_at(domain: str) -> Mailbox:
    own = _OWN.get(domain)
    if own is not None:
        return own
    name, _, ending = domain.partition(".")
    family = _IN_MANY_COUNTRIES.get(name)
    return family if family is not None and _is_country(ending) else "other"
