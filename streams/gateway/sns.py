"""Amazon SNS: a message is signed with a certificate that it names, which must be one of Amazon's own hosts.

The certificate is fetched once and kept; nothing else that a message names is ever fetched but, where the operator has
said so, the address that confirms a subscription, on the same hosts.
"""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import load_pem_x509_certificate

from events.adapters.words import word
from events.json_types import JSON
from streams.gateway.signatures import Verdict

_HOST = re.compile(r"sns\.[a-z0-9-]{2,40}\.amazonaws\.com(\.cn)?").fullmatch
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
CONFIRMATION = "SubscriptionConfirmation"
MOST_CERTIFICATES = 16

Fetch = Callable[[str], Awaitable[bytes]]
"""The body at an address; raises `OSError` if it cannot be had."""


def is_amazons(url: str, ending: str = "") -> bool:
    """Whether an address is https on a host of SNS's, with no port or login of its own; `ending`: of its path."""
    try:
        read = urlsplit(url)
        port = read.port
    except ValueError:
        return False
    return (
        read.scheme == "https"
        and read.username is None
        and port is None
        and _HOST(read.hostname or "") is not None
        and read.path.endswith(ending)
    )


class Certificates:
    """Checks messages of SNS, by certificates that are fetched with `fetch` and kept."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._known: dict[str, RSAPublicKey] = {}

    async def check(self, body: bytes, topics: frozenset[str]) -> Verdict:
        """Whether SNS signed it for one of these topics (ARN). Raises `OSError` without its certificate."""
        message = read_message(body)
        given, url = word(message.get("Signature")), word(message.get("SigningCertURL"))
        if given is None or url is None:
            return "missing"
        if not is_amazons(url, ".pem") or urlsplit(url).query or word(message.get("TopicArn")) not in topics:
            return "wrong"
        key = await self._key(url)
        return "right" if key is not None and _is_signed(message, given, key) else "wrong"

    async def _key(self, url: str) -> RSAPublicKey | None:
        if url not in self._known:
            try:
                key = load_pem_x509_certificate(await self._fetch(url)).public_key()
            except ValueError:
                return None
            if not isinstance(key, RSAPublicKey):
                return None
            if len(self._known) >= MOST_CERTIFICATES:
                self._known.clear()
            self._known[url] = key
        return self._known[url]


def read_message(body: bytes) -> dict[str, JSON]:
    """The envelope; empty if the body is none."""
    try:
        found: JSON = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_signed(message: dict[str, JSON], given: str, key: RSAPublicKey) -> bool:
    names = _NOTIFICATION if word(message.get("Type")) == "Notification" else _CONFIRMATION
    told = "".join(f"{name}\n{value}\n" for name in names if isinstance(value := message.get(name), str))
    algorithm = SHA256() if word(message.get("SignatureVersion")) == "2" else SHA1()  # nosec B303 # SNS\'s version 1
    try:
        key.verify(base64.b64decode(given, validate=True), told.encode(errors="replace"), PKCS1v15(), algorithm)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
