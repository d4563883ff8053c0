"""Endpoints: addresses, digests and signatures."""

import base64
import time
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from streams.domain.delivery.addresses import HTTPS_PORTS, may_be_reached, networks_of, url_problem
from streams.domain.delivery.digests import LINES, WINDOW_S, digest_line, digest_lines, next_digest
from streams.domain.delivery.endpoints import read_endpoints
from streams.domain.delivery.notices import Notice
from streams.domain.delivery.signing import key_of, signed_headers, webhook_id
from streams.domain.delivery.standing import Wait
from streams.domain.file_mistakes import FileMistakes

WHOLE = """
[[endpoint]]
id = "field-app"
kind = "webhook"
url = "https://field.example.org:8443/hook"
secrets = ["env:NEW", "file:old"]
topics = ["segment-changes", "contact-alerts"]
from = "2026-11-01T00:00:00Z"
segments = ["lapsed"]

[[endpoint]]
id = "war-room"
kind = "slack"
url = "file:/run/slack"
topics = ["system-alerts", "experiment-results"]

[[endpoint]]
id = "director"
kind = "email"
url = "smtps://mail.example.org"
user = "harmonia"
secrets = ["file:password"]
sender = "harmonia@example.org"
to = ["director@example.org"]
topics = ["contact-alerts"]
"""


def mistakes(text: str) -> str:
    found = read_endpoints(text)
    assert isinstance(found, FileMistakes)
    return str(found)


def test_a_file_with_each_kind_is_read() -> None:
    found = read_endpoints(WHOLE)
    assert not isinstance(found, FileMistakes)
    assert [each.id for each in found] == ["field-app", "war-room", "director"]
    assert found[0].read_topics == ("segment-changes", "contact-alerts", "contact-state")
    assert [each.is_told_of_contacts for each in found] == [True, False, False]
    assert (found[1].start, found[0].causes) == ("now", ["interaction", "time", "link"])


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ('id = "field-app"', 'id = "Field App"', "endpoint number 1: id"),
        ('id = "war-room"', 'id = "field-app"', "endpoint number 2: id: field-app is there twice; give each a name"),
        ('kind = "slack"', 'kind = "pager"', "endpoint war-room: kind: is 'pager'; give 'webhook', 'slack' or 'email'"),
        (
            "https://field",
            "http://field",
            "endpoint field-app: url: does not begin with https://; give https://HOST/…, or where",
        ),
        ("https://field", "https://me:secret@field", "url: holds a user or a password"),
        (":8443", ":8080", "url: has a port that is none of 443, 8443"),
        ('secrets = ["env:NEW", "file:old"]', "", "secrets is missing; give one or two of env:NAME or file:PATH"),
        (
            '"env:NEW", "file:old"',
            '"whsec_abc"',
            "field-app: secrets: has what names no place; a secret is never in the file: give env:NAME or file:PATH",
        ),
        ('"env:NEW", "file:old"', '"env:A", "env:B", "env:C"', "endpoint field-app: secrets"),
        (
            'from = "2026-11-01T00:00:00Z"',
            'from = "yesterday"',
            'endpoint field-app: from: is no time; give "now", "earliest"',
        ),
        ('"segment-changes", ', '"interactions", ', "endpoint field-app: topics, number 1: is 'interactions'; give"),
        ('"system-alerts", ', '"segment-changes", ', "topics has segment-changes, which kind slack is not told"),
        ("segments = ", "segment = ", "endpoint field-app: segment: is not known; correct its name"),
        ('sender = "harmonia@example.org"', "", "sender or to is missing"),
        (
            "https://field.example.org:8443/hook",
            "http://me:secret@field.example.org:8080/hook#a",
            "does not begin with https:// and holds a user or a password and has a port that is none of 443, 8443 and",
        ),
        ("smtps://mail", "ftp://me@mail", "endpoint director: url: does not begin with smtps:// and holds a user"),
        ('user = "harmonia"', "", "user and secrets belong together"),
    ],
)
def test_a_mistake_is_told_with_its_key_and_the_cure(was: str, becomes: str, told: str) -> None:
    assert was in WHOLE
    assert told in mistakes(WHOLE.replace(was, becomes, 1))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[endpoints]]", "endpoints: is in no endpoint"),
        ("[[endpoint", "the file: is not TOML"),
        ("endpoint = 3", "endpoint: is no table [[endpoint]]; give one for each"),
        ("endpoint = [3]", "endpoint number 1"),
    ],
)
def test_a_file_that_is_none_is_told(text: str, told: str) -> None:
    assert told in mistakes(text)


def test_the_file_that_a_fresh_clone_has_names_nobody() -> None:
    assert read_endpoints((Path(__file__).parents[4] / "deploy/deliver/endpoints.toml").read_text()) == []


def test_every_mistake_of_a_file_is_told_at_once() -> None:
    text = WHOLE.replace('kind = "slack"', "").replace('"now"', "").replace("smtps://", "ftp://")
    assert {"endpoint war-room: kind", "endpoint director: url"} <= {
        ":".join(line.split(":")[:2]) for line in mistakes(text).splitlines()
    }


def test_no_secret_of_a_url_is_in_a_mistake() -> None:
    assert "hunter2" not in mistakes(WHOLE.replace("https://field", "https://me:hunter2@field"))


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('"env:NEW", "file:old"', '"whsec_c2VjcmV0c2VjcmV0"'),
        ('["env:NEW", "file:old"]', '"whsec_c2VjcmV0c2VjcmV0"'),
        ('["env:NEW", "file:old"]', '["env:A", "env:B", "whsec_c2VjcmV0c2VjcmV0"]'),
        ('secrets = ["file:password"]', 'secrets = ["whsec_c2VjcmV0c2VjcmV0"]'),
        ('user = "harmonia"', 'user = ["whsec_c2VjcmV0c2VjcmV0"]'),
        ('to = ["director@example.org"]', 'to = ["whsec_c2VjcmV0c2VjcmV0 <x@y.org>"]'),
        ('to = ["director@example.org"]', 'to = "whsec_c2VjcmV0c2VjcmV0@example.org"'),
        ('sender = "harmonia@example.org"', 'sender = "H <whsec_c2VjcmV0c2VjcmV0@example.org>"'),
        ('url = "file:/run/slack"', 'url = ["whsec_c2VjcmV0c2VjcmV0"]'),
        ('id = "war-room"', 'id = "whsec_c2VjcmV0c2VjcmV0"'),
    ],
)
def test_what_is_secret_or_an_address_is_in_no_mistake_wherever_it_was_written(was: str, becomes: str) -> None:
    assert was in WHOLE
    found = mistakes(WHOLE.replace(was, becomes, 1))
    assert "whsec_c2" not in found
    assert "endpoint " in found


def test_a_secret_in_place_of_a_table_is_in_no_mistake() -> None:
    assert "whsec_c2" not in mistakes('endpoint = ["whsec_c2VjcmV0c2VjcmV0"]')


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_a_global_address_may_be_reached(address: str) -> None:
    assert may_be_reached(address, [])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "240.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "::8.8.8.8%eth0",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:7f00:1::8080:8080",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "fec0::1",
        "3fff::1",
        "5f00::1",
        "192.0.0.8",
        "192.88.99.1",
        "168.63.129.16",
        "::ffff:168.63.129.16",
        "localhost",
        "",
    ],
)
def test_an_address_that_is_not_global_may_not_be_reached(address: str) -> None:
    assert not may_be_reached(address, [])


def test_a_private_network_that_is_listed_may_be_reached_and_no_other() -> None:
    listed = networks_of("10.1.0.0/16, fd00::/8")
    assert not isinstance(listed, str)
    reached = [may_be_reached(each, listed) for each in ("10.1.2.3", "::ffff:10.1.2.3", "fd00::7", "10.2.0.1", "::1")]
    assert reached == [True, True, True, False, False]


def test_what_is_no_network_is_named() -> None:
    assert networks_of("10.0.0.0/8,10.0.0.1/8") == "10.0.0.1/8"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://e.example/hook", None),
        ("https://e.example:8443", None),
        ("http://e.example", "does not begin with https://"),
        ("https://e.example:22", "has a port that is none of 443, 8443"),
        ("https://e.example:99999", "is no URL"),
        ("https://[::1", "is no URL"),
        ("https:///hook", "names no host"),
        ("https://e.example/ hook", "names no host"),
        ("https://a@e.example", "holds a user or a password"),
        ("https://e.example/#x", "has a fragment"),
    ],
)
def test_a_url_that_cannot_be_used_is_told(url: str, problem: str | None) -> None:
    assert url_problem(url, "https", HTTPS_PORTS) == problem


@pytest.mark.parametrize(
    ("rule", "subject", "line"),
    [
        ("identity_cap", f"email:{'ab' * 16}", "identity_cap: an identifier"),
        ("identity_cap", "c-1", "identity_cap: an identifier"),
        ("complaints", f"phone:{'ab' * 16}", "complaints: an identifier"),
        ("complaints", "call ada@example.org +15551234567", "complaints: *"),
        ("complaints", "call +1 555 123 4567", "complaints: *"),
        ("complaints", "campaign 3", "complaints: campaign 3"),
        ("complaints", "spring-ask", "complaints: spring-ask"),
    ],
)
def test_no_hash_and_no_address_is_in_a_line(rule: str, subject: str, line: str) -> None:
    assert digest_line(Notice("system.alert", 1, {"rule": rule, "subject": subject})) == line


def test_how_often_a_line_came_is_the_sum_of_what_was_counted() -> None:
    alert = Notice("contact.alert", 1, {"rule": "over_cap", "contact_id": "c-1"})
    assert digest_lines([alert._replace(times=12), alert]) == ["over_cap: a contact (13 times)"]


def test_a_minute_passes_between_two_messages_however_many_lines_wait() -> None:
    waits = [(number, Wait(0, 0, f"line {number}", 0)) for number in range(2 * LINES)]
    assert next_digest(waits, 1_000) == [*range(LINES)]
    assert next_digest(waits, 1_000 + WINDOW_S * 1000 - 1, 1_000) == []
    assert next_digest(waits, 1_000 + WINDOW_S * 1000, 1_000) == [*range(LINES)]
    assert next_digest(waits, 1_000, 2_000) == [*range(LINES)], "a clock that was set back holds up nothing"


def test_what_failed_waits_for_that_minute_too() -> None:
    failed = [(1, Wait(1, 0, "line", 0))]
    assert next_digest(failed, 2_000, 1_000) == []
    assert next_digest(failed, 2_000) == [1]


NEW = f"whsec_{base64.b64encode(b'n' * 24).decode()}"
OLD = f"whsec_{base64.b64encode(b'o' * 64).decode()}"
BODY = '{"type": "contact.alert", "data": "Zürich"}'.encode()


def headers_of(*secrets: str, now: int | None = None) -> dict[str, str]:
    keys = [key for secret in secrets if (key := key_of(secret))]
    return signed_headers("msg_1", int(time.time() * 1000) if now is None else now, BODY, keys)


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_the_reference_library_takes_either_secret_while_they_are_rotated(secret: str) -> None:
    assert Webhook(secret).verify(BODY, headers_of(NEW, OLD)) == {"type": "contact.alert", "data": "Zürich"}


def test_the_reference_library_refuses_another_secret_and_another_body() -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(BODY, headers_of(NEW))
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(BODY + b" ", headers_of(NEW))


def test_the_example_of_the_specification_is_signed_alike() -> None:
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert key is not None
    signed = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330_000, b'{"test": 2432232314}', [key])
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_abc", "whsec_!!!!", NEW[6:], f"whsec_{'A' * 28}"])
def test_a_secret_that_is_none_or_too_short_has_no_key(secret: str) -> None:
    assert key_of(secret) is None


def test_an_id_is_that_of_a_place_and_of_no_other() -> None:
    places = [
        ("e", "t", 0, 1),
        ("e", "t", 1, 1),
        ("e", "u", 0, 1),
        ("f", "t", 0, 1),
        ("e", "t", 0, 11),
        ("e", "t", 1, 0),
    ]
    assert len({webhook_id(*place) for place in places}) == len(places)
    assert webhook_id(*places[0]) == webhook_id(*places[0])
