"""Names and signs what webhooks carry, as Standard Webhooks has it: https://www.standardwebhooks.com."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64


def webhook_id(endpoint: str, topic_id: str, partition: int, offset: int) -> str:
    """The id of a delivery: the same for each attempt, after each crash and in each replay."""
    name = "\0".join((endpoint, topic_id, str(partition), str(offset))).encode()
    return f"msg_{hashlib.blake2b(name, digest_size=16, person=b'harmonia-webhk').hexdigest()}"


def digest_id(ids: Sequence[str]) -> str:
    """The id of several deliveries that are told together, in this order."""
    return f"msg_{hashlib.blake2b(' '.join(ids).encode(), digest_size=16, person=b'harmonia-digst').hexdigest()}"


def key_of(secret: str) -> bytes | None:
    """The bytes of a secret `whsec_…`; None where it is none, or is too short or too long."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if secret.startswith(PREFIX) and LEAST_BYTES <= len(key) <= MOST_BYTES else None


def signed_headers(id_: str, now: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The headers of a request that is sent now, ms; a signature for each key, of which two may be valid."""
    seconds = str(now // 1000)
    said = b".".join((id_.encode(), seconds.encode(), body))
    signatures = (base64.b64encode(hmac.digest(key, said, "sha256")).decode() for key in keys)
    return {
        "webhook-id": id_,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{each}" for each in signatures),
    }
