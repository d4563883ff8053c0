"""Verifies that a webhook is from its vendor: one pure function for each way of signing, and used signatures.

Each takes the request and every secret that is valid now, since both are in use while a secret is changed. Times are
milliseconds since 1970. The answer never depends on which secret was wrong, nor where.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from secrets import token_bytes
from typing import Literal
from urllib.parse import parse_qsl

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from events.json_types import UNREADABLE

Verdict = Literal["right", "missing", "wrong", "stale", "used"]
SENDGRID_SIGNATURE = "x-twilio-email-event-webhook-signature"
SENDGRID_TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
TWILIO_SIGNATURE = "x-twilio-signature"
AHEAD_MS = 5 * 60_000
"""How far a vendor's clock may be ahead. A signature of tomorrow is nobody's mistake."""
MOST_FORM_BYTES = 256 << 10
"""The largest form of Twilio that is decoded, before anything is proven; one message has a few thousand bytes."""
SECRET_HEADER = "x-harmonia-secret"  # nosec B105 # the name of a header


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A received webhook: headers in lower case, body, and arrival time. `url`: as the vendor was given it."""

    headers: Mapping[str, str]
    body: bytes
    at: int
    url: str = ""


@dataclass(frozen=True, slots=True)
class ValidSecrets:
    """Secrets that are valid now, and how old a signature may be, in milliseconds."""

    secrets: Sequence[str]
    window_ms: int


@dataclass(frozen=True, slots=True)
class ReusableSignature:
    """A signature that does not cover the whole body, so it could come with another one. `at`: when it was made."""

    text: bytes
    at: int


Check = Callable[[WebhookRequest, ValidSecrets], Verdict]


def basic(sent: WebhookRequest, proof: ValidSecrets) -> Verdict:
    """HTTP Basic; a secret is `user:password`."""
    scheme, _, given = sent.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "missing"
    decoded = _base64(given.strip())
    return "wrong" if decoded is None else _equals_a_secret(decoded, proof)


def shared_secret(sent: WebhookRequest, proof: ValidSecrets) -> Verdict:
    """A secret in `Authorization: Bearer` or `X-Harmonia-Secret`."""
    given = sent.headers.get(SECRET_HEADER)
    if given is None:
        scheme, _, given = sent.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return "missing"
    return _equals_a_secret(given.strip().encode(errors="replace"), proof)


def sendgrid(sent: WebhookRequest, proof: ValidSecrets) -> Verdict:
    """SendGrid's Signed Event Webhook: ECDSA (P-256, SHA-256) of timestamp and body; a secret is its public key."""
    given, at = sent.headers.get(SENDGRID_SIGNATURE), sent.headers.get(SENDGRID_TIMESTAMP)
    if given is None or at is None:
        return "missing"
    signature = _base64(given)
    if signature is None or not any(_is_signed(key, signature, at.encode() + sent.body) for key in proof.secrets):
        return "wrong"
    return _fresh(at, sent, proof)


def _is_signed(key: str, signature: bytes, signed: bytes) -> bool:
    public = public_key(key)
    if public is None:
        return False
    try:
        public.verify(signature, signed, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def public_key(text: str) -> EllipticCurvePublicKey | None:
    """The key that SendGrid shows, base64 of DER; None if it is none."""
    der = _base64(text.strip())
    try:
        key = load_der_public_key(der) if der else None
    except ValueError:
        return None
    return key if isinstance(key, EllipticCurvePublicKey) else None


class _Signature(msgspec.Struct):
    timestamp: str | int = ""
    token: str = ""
    signature: str = ""


class _Signed(msgspec.Struct):
    signature: _Signature


def _of_mailgun(body: bytes) -> _Signature | None:
    try:
        return msgspec.json.decode(body, type=_Signed).signature
    except UNREADABLE:
        return None


def mailgun(sent: WebhookRequest, proof: ValidSecrets) -> Verdict:
    """Mailgun: HMAC-SHA256 of timestamp and token in the body; a secret is the account's signing key.

    It says nothing of the rest of the body, see `reusable_signature`.
    """
    found = _of_mailgun(sent.body)
    if found is None or not (found.timestamp and found.token and found.signature):
        return "missing"
    told = f"{found.timestamp}{found.token}".encode()
    if not any(_same(_hex_hmac(secret, told), found.signature) for secret in proof.secrets):
        return "wrong"
    return _fresh(str(found.timestamp), sent, proof)


def twilio(sent: WebhookRequest, proof: ValidSecrets) -> Verdict:
    """Twilio: HMAC-SHA1 of the address and the sorted form fields; a secret is the account's auth token.

    It says neither when nor where a field ends, see `reusable_signature`.
    """
    given = sent.headers.get(TWILIO_SIGNATURE)
    if given is None:
        return "missing"
    if len(sent.body) > MOST_FORM_BYTES:
        return "wrong"
    try:
        fields = parse_qsl(sent.body.decode("utf-8"), keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return "wrong"
    told = (sent.url + "".join(name + value for name, value in sorted(fields))).encode()
    made = (hmac.digest(secret.encode(), told, hashlib.sha1) for secret in proof.secrets)
    return "right" if any(_same(base64.b64encode(one).decode(), given) for one in made) else "wrong"


CHECKS: Mapping[str, Check] = {
    "basic": basic,
    "secret": shared_secret,
    "sendgrid": sendgrid,
    "mailgun": mailgun,
    "twilio": twilio,
}
"""The checks by way of signing; SNS is elsewhere, as its certificate has to be fetched."""


def reusable_signature(way: str, sent: WebhookRequest) -> ReusableSignature | None:
    """The reusable signature of a verified request; None where the signature covers the whole body."""
    if way == "mailgun" and (found := _of_mailgun(sent.body)):
        return ReusableSignature(f"{found.timestamp}{found.token}".encode(), int(found.timestamp) * 1_000)
    if way == "twilio":
        return ReusableSignature(sent.headers[TWILIO_SIGNATURE].encode(), sent.at)
    return None


BY_HEADER = frozenset({"basic", "secret"})
"""Ways of signing that do not need the body."""


def is_fresh(said: int, at: int, window_ms: int) -> bool:
    """Whether a signature of the time `said` is acceptable at `at`: no older than the window, minutes ahead at most."""
    return -AHEAD_MS <= at - said <= window_ms


def _fresh(timestamp: str, sent: WebhookRequest, proof: ValidSecrets) -> Verdict:
    """Whether a timestamp in Unix seconds is acceptable."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 12):
        return "wrong"
    return "right" if is_fresh(int(timestamp) * 1_000, sent.at, proof.window_ms) else "stale"


def _equals_a_secret(given: bytes, proof: ValidSecrets) -> Verdict:
    """Compares with every secret, in constant time."""
    digest = hashlib.sha256(given).digest()
    found = [hmac.compare_digest(hashlib.sha256(secret.encode()).digest(), digest) for secret in proof.secrets]
    return "right" if any(found) else "wrong"


def _hex_hmac(secret: str, told: bytes) -> str:
    return hmac.new(secret.encode(), told, hashlib.sha256).hexdigest()


def _same(made: str, given: str) -> bool:
    return hmac.compare_digest(made.encode(), given.encode(errors="replace"))


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


MOST_SIGNATURES = 500_000
"""Signatures remembered of one vendor; about 75 MB."""


SignatureUse = Literal["first", "again", "used", "stale"]
"""New; seen with the same body; seen with another body; so old that it may have been forgotten."""


class UsedSignatures:
    """Remembers the latest `most` / 2 to `most` signatures, and the body that each came with.

    Where a vendor's signature does not cover the body, whoever has seen one request could send its signature with
    another body. So each is good for one body: the same again is a copy, which the fold drops; another is refused. That
    holds while a signature is remembered, and in one process.

    Kept in two generations: once the newer holds half, the older is forgotten. A signature as old as a forgotten one
    may have been used, so it is refused. Only digests are kept, under a key of this process, so nobody can prepare two
    bodies with one digest.
    """

    def __init__(self, most: int = MOST_SIGNATURES) -> None:
        self._half = most // 2
        self._key = token_bytes(16)
        self._new: dict[int, int] = {}
        self._old: dict[int, int] = {}
        self._latest_new = self._latest_old = self._forgotten = 0

    def take(self, signature: ReusableSignature, body: bytes) -> SignatureUse:
        """Bind a signature to this body, and say whether it is good for it."""
        mark, used_with = self._digest(signature.text), self._digest(body)
        known = self._new.get(mark, self._old.get(mark))
        if known is not None:
            return "again" if known == used_with else "used"
        if signature.at <= self._forgotten:
            return "stale"
        if len(self._new) >= self._half:
            self._forgotten = max(self._forgotten, self._latest_old)
            self._old, self._new = self._new, {}
            self._latest_old, self._latest_new = self._latest_new, 0
        self._new[mark] = used_with
        self._latest_new = max(self._latest_new, signature.at)
        return "first"

    def give_back(self, signature: ReusableSignature) -> None:
        """Forget a signature whose body was not kept: the vendor will send it again in whatever form."""
        mark = self._digest(signature.text)
        self._new.pop(mark, None)
        self._old.pop(mark, None)

    def _digest(self, text: bytes) -> int:
        return int.from_bytes(blake2b(text, key=self._key, digest_size=8).digest())
