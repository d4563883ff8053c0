"""SNS: signed by a certificate of Amazon's, for a topic that is known; and nothing is fetched from anywhere else."""

import asyncio

import orjson
import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol

from streams.gateway.serving import MOST_FETCHED, whole
from streams.gateway.sns import Certificates, is_amazons
from tests.unit.gateway.keys import AMAZON, TOPIC, by_sns, certificate

TOPICS = frozenset({TOPIC})


class Amazon:
    def __init__(self, answer: bytes | None = None) -> None:
        self.asked: list[str] = []
        self._answer = certificate() if answer is None else answer

    async def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        return self._answer


@pytest.mark.parametrize("version", ["1", "2"])
async def test_a_message_of_either_version(version: str) -> None:
    amazon = Amazon()
    certificates = Certificates(amazon.fetch)

    assert await certificates.check(by_sns(version), TOPICS) == "right"
    assert await certificates.check(by_sns(version, Subject="Bounce"), TOPICS) == "right"
    assert len(amazon.asked) == 1


async def test_a_confirmation() -> None:
    asked = by_sns(Type="SubscriptionConfirmation", Token="t", SubscribeURL=f"{AMAZON}/?Action=ConfirmSubscription")

    assert await Certificates(Amazon().fetch).check(asked, TOPICS) == "right"


@pytest.mark.parametrize(
    "changed",
    [
        {"Message": '{"eventType":"Complaint"}'},
        {"Signature": "AAAA"},
        {"Signature": "%"},
        {"SignatureVersion": "1"},
        {"TopicArn": "arn:aws:sns:us-east-1:2:mail"},
    ],
)
async def test_a_message_that_was_changed(changed: dict[str, str]) -> None:
    body = orjson.dumps(orjson.loads(by_sns()) | changed)

    assert await Certificates(Amazon().fetch).check(body, TOPICS) == "wrong"


async def test_another_topic_of_amazons_is_wrong() -> None:
    body = by_sns(TopicArn="arn:aws:sns:us-east-1:666:mail")

    assert await Certificates(Amazon().fetch).check(body, TOPICS) == "wrong"


async def test_what_is_no_certificate_proves_nothing() -> None:
    assert await Certificates(Amazon(b"<html>").fetch).check(by_sns(), TOPICS) == "wrong"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b'{"Signature":1,"SigningCertURL":2}'])
async def test_what_is_no_message_is_missing(body: bytes) -> None:
    assert await Certificates(Amazon().fetch).check(body, TOPICS) in ("missing", "wrong")


async def test_an_answer_in_pieces_is_read_whole() -> None:
    loop = asyncio.get_running_loop()
    protocol = BaseProtocol(loop)
    protocol.connection_made(asyncio.Transport())
    content = StreamReader(protocol, 1 << 16, loop=loop)
    content.feed_data(b"-----BEGIN")
    reading = asyncio.create_task(whole(content))
    await asyncio.sleep(0)
    content.feed_data(b" CERTIFICATE-----")
    content.feed_eof()

    assert await reading == b"-----BEGIN CERTIFICATE-----"


async def test_an_answer_without_an_end_is_none() -> None:
    loop = asyncio.get_running_loop()
    content = StreamReader(BaseProtocol(loop), 1 << 20, loop=loop)
    content.feed_data(b"x" * (MOST_FETCHED + 1))

    with pytest.raises(OSError, match="longer"):
        await whole(content)


async def test_a_certificate_has_one_address() -> None:
    amazon = Amazon()
    body = by_sns(SigningCertURL=f"{AMAZON}/SimpleNotificationService-1.pem?again=1")

    assert await Certificates(amazon.fetch).check(body, TOPICS) == "wrong"
    assert amazon.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.us-east-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com.evil.example/a.pem",
        "https://evil.example/sns.us-east-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com@evil.example/a.pem",
        "https://user@sns.us-east-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com:8443/a.pem",
        "https://s3.us-east-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com/a.html",
        "https://[",
        "file:///etc/passwd",
    ],
)
async def test_nothing_is_fetched_from_elsewhere(url: str) -> None:
    amazon = Amazon()

    assert not is_amazons(url, ".pem")
    assert await Certificates(amazon.fetch).check(by_sns(SigningCertURL=url), TOPICS) == "wrong"
    assert amazon.asked == []
