import json

from msgspec.structs import replace

from events.identifiers import Hasher
from events.requeued import REQUEUED, history_of, own_headers, was_requeued, with_history
from streams.domain.dead_letter_repair.letters import DeclaredType, read_declared_type
from tests.unit.domain.dead_letter_repair.writing import HASHER, letter, once, saying

OWN: list[tuple[str, bytes | None]] = [("trace", b"\xff"), ("empty", None), ("trace", b"2")]


def test_a_letter_has_the_headers_of_its_producer_and_no_others() -> None:
    assert letter(headers=OWN).headers == OWN


def test_a_history_travels_behind_the_producers_headers() -> None:
    headers = with_history(None, [*OWN, ("dl_reason", b"no_time")], [once(), once()], HASHER)
    assert headers[:3] == OWN
    assert [name for name, _ in headers[3:]] == [REQUEUED]
    assert [replace(each, proof=None) for each in history_of(headers)] == [once(), once()]
    assert own_headers(headers) == OWN


def test_a_history_that_an_older_version_wrote_is_read_and_proves_nothing() -> None:
    [(name, text)] = with_history(None, [], [once()], HASHER)
    assert text is not None
    [told] = json.loads(text)
    del told["proof"]
    headers = [(name, json.dumps([told]).encode())]
    assert history_of(headers) == (once(),)
    assert not was_requeued(None, headers, HASHER)


def test_what_is_sent_anew_under_one_key_is_known_while_that_key_is_valid() -> None:
    headers = with_history(b"value", OWN, [once()], Hasher([b"older"]))
    assert was_requeued(b"value", headers, Hasher([b"newer", b"older"]))
    assert not was_requeued(b"value", headers, Hasher([b"newer"]))


def test_a_history_that_somebody_made_up_is_none() -> None:
    for text in (b"", b"[", b"{}", b'[{"at":1}]', b"\xff", None):
        assert history_of([(REQUEUED, text)]) == ()


def test_letters_of_one_record_have_one_name_and_those_of_another_topic_of_its_name_have_not() -> None:
    assert letter(b"a").name == letter(b"a", at=7, detail="other").name
    assert letter(b"a").name != letter(b"b").name
    assert letter(b"a").name != letter(b"a", offset=43).name


def test_source_and_type_are_read_in_both_modes_whatever_else_is_wrong() -> None:
    assert read_declared_type(saying(message_id=None), ()) == DeclaredType("digital/mailer", "email.opened")
    binary: list[tuple[str, bytes | None]] = [("ce_id", b"1"), ("ce_source", b"s"), ("ce_type", b"t")]
    assert read_declared_type(b"{", binary) == DeclaredType("s", "t")


def test_what_cannot_be_read_is_not_known() -> None:
    for value in (None, b"", b"{", b"[]", b'{"source": 5, "type": ""}', b" " * 300_000):
        assert read_declared_type(value, ()) == DeclaredType(None, None)


def test_when_it_was_first_refused_is_what_the_history_says() -> None:
    headers = with_history(None, [], [once("2012-02-01T00:00:00.000Z"), once()], HASHER)
    assert letter(headers=headers).first_refused == 1_328_054_400_000
    assert letter().first_refused == letter().time
