"""Keys made here, and what vendors would sign with them."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import orjson
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

EC_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
AMAZON = "https://sns.us-east-1.amazonaws.com"
TOPIC = "arn:aws:sns:us-east-1:1:mail"
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


def shown(key: ec.EllipticCurvePrivateKey) -> str:
    """The public key as SendGrid shows it."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def by_sendgrid(body: bytes, at_s: int, key: ec.EllipticCurvePrivateKey = EC_KEY) -> dict[str, str]:
    signature = key.sign(str(at_s).encode() + body, ec.ECDSA(SHA256()))
    return {
        "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
        "x-twilio-email-event-webhook-timestamp": str(at_s),
    }


def by_mailgun(event: Mapping[str, object], at_s: int, secret: str, token: str = "0011") -> bytes:
    made = hmac.new(secret.encode(), f"{at_s}{token}".encode(), hashlib.sha256).hexdigest()
    return orjson.dumps({**event, "signature": {"timestamp": str(at_s), "token": token, "signature": made}})


def by_twilio(url: str, fields: Mapping[str, str], secret: str) -> dict[str, str]:
    told = url + "".join(f"{name}{value}" for name, value in sorted(fields.items()))
    made = hmac.new(secret.encode(), told.encode(), hashlib.sha1).digest()
    return {"x-twilio-signature": base64.b64encode(made).decode()}


SNS_SAID_AT = "2025-11-24T16:00:00.000Z"


def by_sns(version: str = "2", **more: str) -> bytes:
    message = {
        "Type": "Notification",
        "MessageId": "m-1",
        "TopicArn": TOPIC,
        "Message": "{}",
        "Timestamp": SNS_SAID_AT,
        "SignatureVersion": version,
        "SigningCertURL": f"{AMAZON}/SimpleNotificationService-1.pem",
        **more,
    }
    names = _NOTIFICATION if message["Type"] == "Notification" else _CONFIRMATION
    told = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    signature = RSA_KEY.sign(told.encode(), padding.PKCS1v15(), SHA256() if version == "2" else SHA1())
    return orjson.dumps({**message, "Signature": base64.b64encode(signature).decode()})


def certificate() -> bytes:
    """One that SNS could show."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    start = datetime(2025, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(RSA_KEY.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=3_650))
    return builder.sign(RSA_KEY, SHA256()).public_bytes(Encoding.PEM)
