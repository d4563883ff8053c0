"""SNS: signed by a certificate of Amazon's, for a topic that is known; and nothing is fetched from anywhere else."""

import asyncio
from pathlib import Path

import orjson
import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol

from events.adapters.values import object_at
from events.times import parse_time
from streams.services.gateway.server import MOST_FETCHED, whole_body
from streams.services.gateway.signatures import Verdict
from streams.services.gateway.sns import MOST_FETCHES, MOST_WAITING, SnsVerifier, is_sns_url
from tests.unit.services.gateway.in_process import Gateway
from tests.unit.services.gateway.keys import AMAZON, SNS_SAID_AT, TOPIC, by_sns, certificate

TOPICS = frozenset({TOPIC})
OTHERS = "arn:aws:sns:us-east-1:666:mail"
SAID_AT = parse_time(SNS_SAID_AT) or 0
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
HOOK = f"""
[hooks.ses]
source = "digital/ses"
topics = ["{TOPIC}"]
confirm = true
"""
COMPLAINT = {
    "eventType": "Complaint",
    "mail": {"messageId": "m-1", "destination": ["ada@example.org"]},
    "complaint": {"complainedRecipients": [{"emailAddress": "ada@example.org"}], "timestamp": SNS_SAID_AT},
}


class Amazon:
    def __init__(self, answer: bytes | None = None) -> None:
        self.asked: list[str] = []
        self._answer = certificate() if answer is None else answer

    async def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        return self._answer


async def verdict(amazon: Amazon, body: bytes, at: int = SAID_AT) -> Verdict:
    return await SnsVerifier(amazon.fetch).check(body, TOPICS, at, 24 * HOUR_MS)


@pytest.mark.parametrize("version", ["1", "2"])
async def test_a_message_of_sns_is_right_in_either_signature_version(version: str) -> None:
    amazon = Amazon()
    certificates = SnsVerifier(amazon.fetch)

    for body in (by_sns(version), by_sns(version, Subject="Bounce")):
        assert await certificates.check(body, TOPICS, SAID_AT, HOUR_MS) == "right"
    assert len(amazon.asked) == 1


async def test_a_signed_confirmation_of_a_subscription_is_right() -> None:
    asked = by_sns(Type="SubscriptionConfirmation", Token="t", SubscribeURL=f"{AMAZON}/?Action=ConfirmSubscription")

    assert await verdict(Amazon(), asked) == "right"


def changed(**fields: str) -> bytes:
    """A message with other fields than were signed."""
    return orjson.dumps(orjson.loads(by_sns()) | fields)


def cut_anew() -> bytes:
    """A text that was signed for another topic, whose owner has chosen it so that its lines look like other fields."""
    inner = f"hello\nMessageId\nx\nSubscribeURL\nhttps://x\nTimestamp\n{SNS_SAID_AT}\nToken\nt\nTopicArn\n{TOPIC}\nType\nany"
    signed = orjson.loads(by_sns(TopicArn=OTHERS, Message=inner))
    kept = {name: signed[name] for name in ("Signature", "SignatureVersion", "SigningCertURL")}
    tail = f"any\nMessageId\nm-1\nTimestamp\n{SNS_SAID_AT}\nTopicArn\n{OTHERS}\nType\nNotification"
    cut = {"MessageId": "x", "SubscribeURL": "https://x", "Timestamp": SNS_SAID_AT, "Token": "t", "TopicArn": TOPIC}
    return orjson.dumps(kept | cut | {"Message": "hello", "Type": tail})


WRONG = {
    "another message": changed(Message='{"eventType":"Complaint"}'),
    "a short signature": changed(Signature="AAAA"),
    "a signature that is no base64": changed(Signature="%"),
    "another version of signatures": changed(SignatureVersion="1"),
    "the topic of another account": changed(TopicArn="arn:aws:sns:us-east-1:2:mail"),
    "a message for another topic": by_sns(TopicArn=OTHERS),
    "fields cut anew": cut_anew(),
    **{f"lines in {name}": by_sns(**{name: f"{SNS_SAID_AT}\nx"}) for name in ("MessageId", "Subject", "Timestamp")},
    **{
        f"the type {kind!r}": by_sns(Type=kind, Token="t", SubscribeURL=AMAZON)
        for kind in ("notification", "Notification ", "Confirm", "")
    },
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_message_that_sns_has_not_signed_for_this_topic_is_wrong(name: str) -> None:
    assert await verdict(Amazon(), WRONG[name]) == "wrong"


class SlowAmazon(Amazon):
    """Answers once it may; `trouble`: with an error."""

    def __init__(self, *, trouble: bool = False) -> None:
        super().__init__()
        self.may_answer = asyncio.Event()
        self._trouble = trouble

    async def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        await self.may_answer.wait()
        if self._trouble:
            raise OSError("away")
        return certificate()


def certificate_at(number: int) -> bytes:
    return by_sns(SigningCertURL=f"{AMAZON}/SimpleNotificationService-{number}.pem")


async def check(certificates: SnsVerifier, body: bytes, at: int = SAID_AT) -> Verdict | OSError:
    try:
        return await certificates.check(body, TOPICS, at, HOUR_MS)
    except OSError as error:
        return error


async def test_messages_that_come_together_fetch_their_certificate_once() -> None:
    amazon = SlowAmazon()
    certificates = SnsVerifier(amazon.fetch)
    checks = [asyncio.create_task(check(certificates, by_sns())) for _ in range(10)]
    await asyncio.sleep(0)
    checks[0].cancel()
    await asyncio.wait(checks[:1])
    amazon.may_answer.set()

    assert await asyncio.gather(*checks[1:]) == ["right"] * 9
    assert len(amazon.asked) == 1


async def test_few_certificates_are_fetched_at_once_whatever_addresses_forged_messages_name() -> None:
    amazon = SlowAmazon()
    certificates = SnsVerifier(amazon.fetch)
    checks = [asyncio.create_task(check(certificates, certificate_at(number))) for number in range(30)]
    done, _ = await asyncio.wait(checks, return_when=asyncio.FIRST_COMPLETED)
    amazon.may_answer.set()
    verdicts = await asyncio.gather(*checks)

    assert all(isinstance(one.result(), OSError) for one in done)
    assert len(amazon.asked) == verdicts.count("right") == MOST_FETCHES


async def test_few_messages_wait_for_a_certificate() -> None:
    amazon = SlowAmazon()
    certificates = SnsVerifier(amazon.fetch)
    checks = [asyncio.create_task(check(certificates, by_sns())) for _ in range(MOST_WAITING + 5)]
    done, _ = await asyncio.wait(checks, return_when=asyncio.FIRST_COMPLETED)
    amazon.may_answer.set()

    assert (await asyncio.gather(*checks)).count("right") == MOST_WAITING
    assert all(isinstance(one.result(), OSError) for one in done)
    assert await check(certificates, by_sns()) == "right"


async def test_a_certificate_that_could_not_be_had_is_asked_for_again_after_a_minute() -> None:
    amazon = SlowAmazon(trouble=True)
    amazon.may_answer.set()
    certificates = SnsVerifier(amazon.fetch)

    for at in (SAID_AT, SAID_AT + MINUTE_MS - 1):
        assert isinstance(await check(certificates, by_sns(), at), OSError)
    assert len(amazon.asked) == 1
    assert isinstance(await check(certificates, by_sns(), SAID_AT + MINUTE_MS), OSError)
    assert len(amazon.asked) == 2


async def test_what_was_no_certificate_is_not_fetched_again_within_a_minute() -> None:
    amazon = Amazon(b"<html>")
    certificates = SnsVerifier(amazon.fetch)

    assert [await check(certificates, by_sns()) for _ in range(3)] == ["wrong"] * 3
    assert len(amazon.asked) == 1


async def test_a_message_longer_than_sns_sends_is_refused_unread(tmp_path: Path) -> None:
    amazon = Amazon()
    gateway = Gateway(tmp_path, HOOK, {}, SAID_AT, amazon.fetch)

    answer = await gateway.ask("/v1/hooks/ses", by_sns(Message="x" * (512 << 10)))

    assert (answer.status, b"512 KiB" in answer.body, amazon.asked) == (413, True, [])


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"\xff", b'{"Type":"\xff"}', b'{"Signature":1,"SigningCertURL":2}']
)
async def test_a_body_that_is_no_message_of_sns_is_missing_its_signature(body: bytes) -> None:
    assert await verdict(Amazon(), body) in ("missing", "wrong")


async def test_a_certificate_that_comes_in_pieces_is_read_whole() -> None:
    loop = asyncio.get_running_loop()
    protocol = BaseProtocol(loop)
    protocol.connection_made(asyncio.Transport())
    content = StreamReader(protocol, 1 << 16, loop=loop)
    content.feed_data(b"-----BEGIN")
    reading = asyncio.create_task(whole_body(content))
    await asyncio.sleep(0)
    content.feed_data(b" CERTIFICATE-----")
    content.feed_eof()

    assert await reading == b"-----BEGIN CERTIFICATE-----"


async def test_a_certificate_without_an_end_is_refused() -> None:
    loop = asyncio.get_running_loop()
    content = StreamReader(BaseProtocol(loop), 1 << 20, loop=loop)
    content.feed_data(b"x" * (MOST_FETCHED + 1))

    with pytest.raises(OSError, match="longer"):
        await whole_body(content)


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.us-east-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com.evil.example/a.pem",
        "https://evil.example/sns.us-east-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com@evil.example/a.pem",
        "https://user@sns.us-east-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com:8443/a.pem",
        "https://sns.anybodys-bucket.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com.cn/a.pem",
        "https://sns.cn-north-1.amazonaws.com/a.pem",
        "https://sns.us-east-1-x.amazonaws.com/a.pem",
        "https://s3.us-east-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com/a.html",
        "https://SNS.us-east-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com\n/a.pem",
        "https://sns.us-east-1.amazonaws.com/a\t.pem",
        "https://sns.us-east-1.amazonaws.com/a\u00e9.pem",
        "https://sns.us-east-1.amazonaws.com/a.pem#again.pem",
        "https://sns.us-east-1.amazonaws.com/a;b=c.pem",
        "https://sns.us-east-1.amazonaws.com\\a.pem",
        "https://[",
        "file:///etc/passwd",
    ],
)
async def test_nothing_is_fetched_but_from_hosts_of_sns(url: str) -> None:
    amazon = Amazon()

    assert not is_sns_url(url, ".pem")
    assert await verdict(amazon, by_sns(SigningCertURL=url)) == "wrong"
    assert amazon.asked == []


@pytest.mark.parametrize(
    "url",
    [
        f"{AMAZON}/SimpleNotificationService-1.pem?again=1",
        *(f"{AMAZON}/{path}" for path in ("b/a.pem", "/a.pem", "%2e/a.pem", ".pem")),
        *(f"https://sns.{region}.amazonaws.com/a.pem" for region in ("zz-north-99", "us-west-2")),
    ],
)
async def test_a_certificate_has_one_address_at_the_top_of_its_topics_region(url: str) -> None:
    amazon = Amazon()

    assert await verdict(amazon, by_sns(SigningCertURL=url)) == "wrong"
    assert amazon.asked == []


@pytest.mark.parametrize("region", ["us-east-1", "ap-southeast-4", "us-gov-west-1", "me-central-1", "cn-northwest-1"])
def test_every_region_has_a_host(region: str) -> None:
    assert is_sns_url(f"https://sns.{region}.amazonaws.com{'.cn' if region[:2] == 'cn' else ''}/a.pem", ".pem")


async def test_a_message_of_sns_that_is_old_or_of_tomorrow_is_stale() -> None:
    for at in (SAID_AT - 4 * MINUTE_MS, SAID_AT + 24 * HOUR_MS):
        assert await verdict(Amazon(), by_sns(), at) == "right"
    for at in (SAID_AT - 6 * MINUTE_MS, SAID_AT + 24 * HOUR_MS + 1):
        assert await verdict(Amazon(), by_sns(), at) == "stale"


async def test_what_stands_beside_a_signed_message_says_nothing(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, HOOK, {}, SAID_AT, Amazon().fetch)
    signed = orjson.loads(by_sns(Message=orjson.dumps(COMPLAINT).decode()))
    forged = COMPLAINT | {
        "complaint": {"timestamp": SNS_SAID_AT, "complainedRecipients": [{"emailAddress": "b@c.org"}]}
    }

    answer = await gateway.ask("/v1/hooks/ses", orjson.dumps(signed | forged))

    assert answer.status == 204
    assert [object_at(one, "data", "contact") for one in gateway.said] == [{"email": "ada@example.org"}]
    assert b"b@c.org" not in b"".join(one.value or b"" for one in gateway.kept.outputs)


async def test_a_message_that_cannot_be_read_is_a_dead_letter_of_what_was_signed(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path, HOOK, {}, SAID_AT, Amazon().fetch)
    signed = orjson.loads(by_sns(Message="{"))

    assert (await gateway.ask("/v1/hooks/ses", orjson.dumps(signed | {"mail": {"x": 1}}))).status == 204

    (letter,) = gateway.kept.outputs
    kept = {name: signed[name] for name in ("Message", "MessageId", "Timestamp", "TopicArn", "Type")}
    assert orjson.loads(letter.value or b"") == kept
