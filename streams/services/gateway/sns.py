"""Amazon SNS: verifies messages by the certificate that each names, which must be on one of Amazon's own hosts.

Nothing else that a message names is ever fetched but, where the operator allows it, the URL that confirms a
subscription, on the same hosts.

Names and values are signed as lines, one under the other, so a text that somebody had signed for a topic of theirs
could be cut into other fields, with a topic of somebody else among them. That needs a `Type` of one's own or a line
break outside of `Message`: neither is taken. Fields that are not signed are not handed on.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import load_pem_x509_certificate

from events.json_types import UNREADABLE
from events.times import parse_time
from streams.services.gateway.signatures import Verdict, is_fresh

Fetch = Callable[[str], Awaitable[bytes]]
"""Gets the body at a URL; raises `OSError` if it cannot."""

MOST_KEPT = 16
MOST_FETCHES = 4
MOST_WAITING = 64
MOST_FAILURES = 1_000
AGAIN_MS = 60_000

_Found = RSAPublicKey | OSError | None
"""The key of a certificate; the error of getting it; None: there is no certificate."""


class CertificateKeys:
    """Public keys of certificates by URL, fetched once and kept.

    URLs come from messages that are not verified yet, so forged ones must cost little: a URL is fetched once at a time,
    few at once, few messages wait, and one that failed is not fetched again within a minute. A message that is turned
    away is answered "send again"; one whose certificate is known never waits.
    """

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._kept: dict[str, RSAPublicKey] = {}
        self._failed: dict[str, tuple[int, OSError | None]] = {}
        self._fetching: dict[str, asyncio.Task[_Found]] = {}
        self._waiting = 0

    async def get(self, url: str, at: int) -> RSAPublicKey | None:
        """The key; None where there is no certificate. Raises `OSError` if it cannot be had now. `at`: now, ms."""
        if url in self._kept:
            return self._kept[url]
        since, why = self._failed.get(url, (at - AGAIN_MS, None))
        found = why if at - since < AGAIN_MS else await self._wait(url, at)
        if isinstance(found, OSError):
            raise OSError("the certificate cannot be had") from found
        return found

    async def _wait(self, url: str, at: int) -> _Found:
        if self._waiting >= MOST_WAITING or (url not in self._fetching and len(self._fetching) >= MOST_FETCHES):
            return OSError("too many wait for certificates")
        if url not in self._fetching:
            self._fetching[url] = asyncio.create_task(self._fetch_and_keep(url, at))
        self._waiting += 1
        try:
            return await asyncio.shield(self._fetching[url])
        finally:
            self._waiting -= 1

    async def _fetch_and_keep(self, url: str, at: int) -> _Found:
        try:
            found = await self._get(url)
            self._failed.pop(url, None)
            if isinstance(found, RSAPublicKey):
                _make_room(self._kept, MOST_KEPT)
                self._kept[url] = found
            else:
                _make_room(self._failed, MOST_FAILURES)
                self._failed[url] = (at, found)
            return found
        finally:
            del self._fetching[url]

    async def _get(self, url: str) -> _Found:
        try:
            key = load_pem_x509_certificate(await self._fetch(url)).public_key()
        except OSError as error:
            return error.with_traceback(None)
        except ValueError:
            return None
        return key if isinstance(key, RSAPublicKey) else None


def _make_room(kept: dict[str, Any], most: int) -> None:
    """Drop the oldest entry where there are `most`."""
    if len(kept) >= most:
        del kept[next(iter(kept))]


_HOST = re.compile(
    r"sns\.((?!cn)[a-z]{2}(-gov)?-(north|south|east|west|central)(east|west)?-[1-9]\d?\.amazonaws\.com"
    r"|cn-(north|south|east|west)(east|west)?-[1-9]\d?\.amazonaws\.com\.cn)"
).fullmatch
CONFIRMATION = "SubscriptionConfirmation"
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED: Mapping[str, tuple[str, ...]] = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
"""The fields that the signature of each type covers, in its order."""
_OPTIONAL = frozenset({"Subject"})
_OF_LINES = frozenset({"Message"})
_FIELDS = {name for names in _SIGNED.values() for name in names} | {"Signature", "SignatureVersion", "SigningCertURL"}
_Envelope = msgspec.defstruct("_Envelope", [(name, str | None, None) for name in sorted(_FIELDS)])
_envelopes = msgspec.json.Decoder(_Envelope)
_CERTIFICATE = re.compile(r"/[A-Za-z0-9_-]+\.pem").fullmatch
_NEVER = frozenset(" #;\\")
"""Characters that no URL of SNS has: they make a URL ambiguous."""
MOST_BYTES = 512 << 10
"""Of a request: SNS sends texts of 256 KiB at most, and JSON within one has each of its quotes escaped."""

SnsMessage = Mapping[str, str]
"""The fields of an envelope that SNS gives any meaning, as texts."""


def is_sns_url(url: str, ending: str = "") -> bool:
    """Whether an address is https on a host of SNS's, with no port, login or fragment; `ending`: of its path."""
    if not (url.isascii() and url.isprintable()) or any(mark in url for mark in _NEVER):
        return False
    try:
        read = urlsplit(url)
    except ValueError:
        return False
    return read.scheme == "https" and _HOST(read.netloc) is not None and read.path.endswith(ending)


def _may_be_fetched(url: str, topic: str) -> bool:
    """Whether an address can be that of a certificate: SNS signs with that of the topic's own region."""
    if not is_sns_url(url):
        return False
    read, arn = urlsplit(url), topic.split(":")
    return read.netloc.split(".")[1] in arn[3:4] and _CERTIFICATE(read.path) is not None and not read.query


class SnsVerifier:
    """Verifies messages of SNS, with certificates that `fetch` gets."""

    def __init__(self, fetch: Fetch) -> None:
        self._keys = CertificateKeys(fetch)

    async def check(self, body: bytes, topics: frozenset[str], at: int, window_ms: int) -> Verdict:
        """Whether SNS signed it for one of these topics (ARN), not long ago. Raises `OSError` without its certificate.

        `at`: when it came, in milliseconds since 1970.
        """
        message = read_message(body)
        given, url = message.get("Signature"), message.get("SigningCertURL")
        if given is None or url is None:
            return "missing"
        signed = signed_fields(message)
        if signed is None or signed["TopicArn"] not in topics:
            return "wrong"
        if not _may_be_fetched(url, signed["TopicArn"]):
            return "wrong"
        key = await self._keys.get(url, at)
        said = parse_time(signed["Timestamp"])
        if key is None or said is None or not _is_signed(signed, given, message.get("SignatureVersion", ""), key):
            return "wrong"
        return "right" if is_fresh(said, at, window_ms) else "stale"


def read_message(body: bytes) -> SnsMessage:
    """The known fields of an SNS envelope; empty if the body is none."""
    try:
        found: dict[str, str | None] = msgspec.structs.asdict(_envelopes.decode(body))
    except UNREADABLE:
        return {}
    return {name: value for name, value in found.items() if value is not None}


def signed_fields(message: SnsMessage) -> SnsMessage | None:
    """The fields that the signature of a message covers; None for a message that SNS never sends."""
    names = _SIGNED.get(message.get("Type", ""), ())
    found = {name: message[name] for name in names if name in message}
    if not found or any(name not in found for name in names if name not in _OPTIONAL):
        return None
    return None if any("\n" in value for name, value in found.items() if name not in _OF_LINES) else found


def _is_signed(signed: SnsMessage, given: str, version: str, key: RSAPublicKey) -> bool:
    told = "".join(f"{name}\n{value}\n" for name, value in signed.items())
    algorithm = SHA256() if version == "2" else SHA1()  # nosec B303 # SNS\'s version 1
    try:
        key.verify(base64.b64decode(given, validate=True), told.encode(), PKCS1v15(), algorithm)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
