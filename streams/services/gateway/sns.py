"""Amazon SNS: a message is signed with a certificate that it names, which must be one of Amazon's own hosts.

The certificate is fetched once and kept; nothing else that a message names is ever fetched but, where the operator has
said so, the address that confirms a subscription, on the same hosts.

Names and values are signed as lines, one under the other, so a text that somebody had signed for a topic of theirs
could be cut into other fields, with a topic of somebody else among them. That needs a `Type` of one's own or a line
break outside of `Message`: neither is taken. What is not signed is not handed on.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from events.times import parse_time
from streams.services.gateway.signatures import Verdict, is_fresh
from streams.services.gateway.sns_certificates import Fetch, PublicKeys

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
"""Nowhere in an address of SNS's: what makes one address look like several, or is read in two ways."""
MOST_BYTES = 512 << 10
"""Of a request: SNS sends texts of 256 KiB at most, and JSON within one has each of its quotes escaped."""

Message = Mapping[str, str]
"""The fields of an envelope that SNS gives any meaning, as texts."""


def is_amazons(url: str, ending: str = "") -> bool:
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
    if not is_amazons(url):
        return False
    read, arn = urlsplit(url), topic.split(":")
    return read.netloc.split(".")[1] in arn[3:4] and _CERTIFICATE(read.path) is not None and not read.query


class Certificates:
    """Checks messages of SNS, by certificates that are fetched with `fetch`."""

    def __init__(self, fetch: Fetch) -> None:
        self._keys = PublicKeys(fetch)

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


def read_message(body: bytes) -> Message:
    """The envelope; empty if the body is none. What has no meaning in one is passed over, however much it is."""
    try:
        found: dict[str, str | None] = msgspec.structs.asdict(_envelopes.decode(body))
    except (msgspec.DecodeError, RecursionError):
        return {}
    return {name: value for name, value in found.items() if value is not None}


def signed_fields(message: Message) -> Message | None:
    """What the signature of a message covers, and nothing else of it; None for what SNS never sends."""
    names = _SIGNED.get(message.get("Type", ""), ())
    found = {name: message[name] for name in names if name in message}
    if not found or any(name not in found for name in names if name not in _OPTIONAL):
        return None
    return None if any("\n" in value for name, value in found.items() if name not in _OF_LINES) else found


def _is_signed(signed: Message, given: str, version: str, key: RSAPublicKey) -> bool:
    told = "".join(f"{name}\n{value}\n" for name, value in signed.items())
    algorithm = SHA256() if version == "2" else SHA1()  # nosec B303 # SNS\'s version 1
    try:
        key.verify(base64.b64decode(given, validate=True), told.encode(), PKCS1v15(), algorithm)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
