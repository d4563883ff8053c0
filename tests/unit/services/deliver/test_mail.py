"""Digests by e-mail, to a real mail server on this machine, with TLS of an authority of its own."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from streams.domain.delivery.addresses import Network, networks_of
from streams.domain.delivery.digests import MailAddresses, email_of
from streams.domain.delivery.endpoints import Endpoint
from streams.domain.delivery.notices import Notice
from streams.domain.delivery.schedule import Result
from streams.services.deliver import sending
from streams.services.deliver.destinations import Destination
from streams.services.deliver.sending import Sender

ADDRESS = "127.84.0.8"
NAME = "mail.example.org"
LISTED = networks_of("127.84.0.0/24")
SENDER, DIRECTOR, ABSENT, LATER = "h@example.org", "director@example.org", "absent@example.org", "later@example.org"
AT = 1_352_250_000_000
NOTICES = [
    Notice("system.alert", AT, {"rule": "complaints", "subject": "spring ask — “now”"}),
    Notice("contact.alert", AT + 1_000, {"rule": "over_cap", "contact_id": "c-1"}),
    Notice("contact.alert", AT + 2_000, {"rule": "over_cap", "contact_id": "c-2"}),
]


class Mailbox:
    """What came in; it knows no `absent`, and says of `later` that they may be asked again. `goodbye`: to QUIT."""

    def __init__(self, goodbye: str = "221 Bye") -> None:
        self.goodbye = goodbye
        self.received: list[EmailMessage] = []
        self.users: list[str] = []

    async def handle_RCPT(  # noqa: N802 - as the library calls it
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address == ABSENT:
            return "550 5.1.1 no such user"
        if address == LATER:
            return "451 4.7.1 greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        received = message_from_bytes(content, policy=policy.default)
        assert isinstance(received, EmailMessage)
        self.received.append(received)
        return "250 OK"

    async def handle_QUIT(self, _server: Any, _session: Session, _envelope: Envelope) -> str:  # noqa: N802
        return self.goodbye

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _kind: str, data: LoginPassword) -> AuthResult:
        self.users.append(data.login.decode())
        return AuthResult(success=data.password == b"right", handled=False)


@asynccontextmanager
async def mailing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, manner: str, name: str = NAME
) -> AsyncIterator[tuple[Mailbox, int]]:
    """A server that wants STARTTLS (`starttls`) or TLS from the first byte on (`tls`), or has none (`plain`)."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    mailbox = Mailbox()
    options: dict[str, Any] = {"auth_require_tls": False}
    if manner == "starttls":
        options = {"auth_required": True, "tls_context": context, "require_starttls": True}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(mailbox, hostname=name, loop=loop, authenticator=mailbox.authenticate, **options),
        ADDRESS,
        0,
        ssl=context if manner == "tls" else None,
    )
    async with server:
        yield mailbox, server.sockets[0].getsockname()[1]


def resolve(_: str, port: int) -> list[Any]:
    return [(2, 1, 6, "", (ADDRESS, port))]


async def mail(url: str, *to: str, password: str = "right", listed: Any = LISTED) -> tuple[Result, str]:
    table = {"id": "director", "kind": "email", "url": "env:MAIL", "topics": ["system-alerts"], "sender": SENDER}
    endpoint = Endpoint.model_validate(
        {**table, "to": [*(to or [DIRECTOR])], "user": "harmonia", "secrets": ["env:PASSWORD"]}
    )
    allowed: list[Network] = listed
    async with Sender(Destination(endpoint, url, password=password), allowed, resolve) as sender:
        return await sender.mail(email_of(NOTICES, MailAddresses(SENDER, endpoint.to), "msg_1"))


@pytest.mark.parametrize(("manner", "scheme"), [("starttls", "smtp"), ("tls", "smtps")])
async def test_a_digest_comes_whole_by_tls_and_after_signing_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manner: str, scheme: str
) -> None:
    async with mailing(tmp_path, monkeypatch, manner) as (mailbox, port):
        assert await mail(f"{scheme}://{NAME}:{port}") == (Result("delivered", 250), "")
    [received] = mailbox.received
    assert received.get_content().split("\r\n") == [
        "complaints: *",
        "over_cap: a contact (2 times)",
        "",
    ]
    assert (received["From"], received["To"], received["Subject"]) == (SENDER, DIRECTOR, "Harmonia: 2 notices")
    assert received["Message-ID"] == "<msg_1@harmonia.invalid>"
    assert received["Date"].datetime.timestamp() == (AT + 2_000) // 1000
    assert "c-1" not in received.as_string()
    assert mailbox.users == ["harmonia"]


@pytest.mark.parametrize(
    ("manner", "given", "said"),
    [
        ("starttls", {"to": ABSENT}, (Result("refused"), "SMTPRecipientsRefused")),
        ("starttls", {"to": LATER}, (Result("refused"), "SMTPRecipientsRefused")),
        ("starttls", {"password": "wrong"}, (Result("refused", 535), "SMTPAuthenticationError")),
        ("starttls", {"certificate": "other.example.org"}, (Result("failed"), "SSLCertVerificationError")),
        ("plain", {}, (Result("failed"), "SMTPNotSupportedError")),
    ],
    ids=["nobody of that name", "later", "a wrong password", "another name in the certificate", "no TLS"],
)
async def test_nothing_is_sent_to_a_server_that_does_not_take_it_or_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manner: str, given: dict[str, str], said: tuple[Result, str]
) -> None:
    async with mailing(tmp_path, monkeypatch, manner, given.get("certificate", NAME)) as (mailbox, port):
        to, password = given.get("to", DIRECTOR), given.get("password", "right")
        assert await mail(f"smtp://{NAME}:{port}", to, password=password) == said
    assert mailbox.received == []
    assert said[0].answer == "refused" or mailbox.users == []


async def test_a_server_at_an_address_that_is_not_listed_is_not_connected_to() -> None:
    assert await mail(f"smtp://{NAME}:587", listed=[]) == (Result("failed"), "ForbiddenAddress")


async def test_a_recipient_who_is_refused_while_another_is_told_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mailing(tmp_path, monkeypatch, "starttls") as (mailbox, port):
        said = await mail(f"smtp://{NAME}:{port}", DIRECTOR, ABSENT)
    assert said == (Result("delivered", 250), "SomeRecipientsRefused")
    assert len(mailbox.received) == 1


async def test_what_a_server_says_to_goodbye_makes_no_message_untaken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with mailing(tmp_path, monkeypatch, "starttls") as (mailbox, port):
        mailbox.goodbye = "421 going down"
        assert await mail(f"smtp://{NAME}:{port}") == (Result("delivered", 250), "")
    assert len(mailbox.received) == 1


@pytest.mark.parametrize(("scheme", "begin"), [("smtp", b""), ("smtps", b"\x16\x03\x03\x40\x00")])
async def test_a_server_that_drips_is_left(monkeypatch: pytest.MonkeyPatch, scheme: str, begin: bytes) -> None:
    """Each byte comes in time, and the answer never ends."""
    monkeypatch.setattr(sending, "LIMIT_S", 0.5)
    left = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asking = asyncio.create_task(reader.read())
        writer.write(begin)
        while not asking.done():
            writer.write(b"2")
            await asyncio.wait({asking}, timeout=0.05)
        left.set()
        writer.close()

    server = await asyncio.start_server(drip, ADDRESS, 0)
    async with server:
        result, _ = await mail(f"{scheme}://{NAME}:{server.sockets[0].getsockname()[1]}")
        assert result.answer == "failed"
        await asyncio.wait_for(left.wait(), 30)
