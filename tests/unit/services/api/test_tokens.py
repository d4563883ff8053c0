"""Tokens of requests, and whom a request names."""

import hashlib

import pytest

from events.identifiers import Hasher
from events.interactions.base import Channel
from streams.platform.errors import Unusable
from streams.platform.tokens import Caller, Tokens, read_tokens
from streams.services.api.models import Person
from streams.services.api.permission_request import asked_person
from streams.services.permission.decisions import AskedPerson


def item(team: str, scopes: str, token: str) -> str:
    return f"{team}:{scopes}:{hashlib.sha256(token.encode()).hexdigest()}"


def test_a_caller_is_known_by_its_token() -> None:
    tokens = read_tokens(f"{item('digital', 'read+permit', 'one')},\n {item('*', 'read', 'two')} ")
    assert tokens.caller("Bearer one") == Caller("digital", frozenset({"read", "permit"}))
    assert tokens.caller("bearer two") == Caller("*", frozenset({"read"}))


@pytest.mark.parametrize("header", [None, "", "one", "Basic one", "Bearer", "Bearer two", "Bearer One"])
def test_an_unknown_token_is_of_no_caller(header: str | None) -> None:
    assert read_tokens(item("digital", "read", "one")).caller(header) is None


@pytest.mark.parametrize("text", [b"", b"\n"])
def test_the_hash_of_an_empty_token_is_refused(text: bytes) -> None:
    """As an unset variable of a shell would make it; then a request without a token would be let in."""
    with pytest.raises(Unusable, match=r"HARMONIA_API_TOKENS: item 2 .* empty token") as raised:
        read_tokens(f"{item('field', 'read', 'one')} digital:publish+erase:{hashlib.sha256(text).hexdigest()}")
    assert hashlib.sha256(text).hexdigest() not in str(raised.value)


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "bearer  "])
def test_an_empty_token_is_nobodys_whatever_is_known(header: str) -> None:
    known = Tokens([(hashlib.sha256(b"").digest(), Caller("digital", frozenset({"read"})))])
    assert known.caller(header) is None


def test_without_a_setting_nobody_is_known() -> None:
    assert read_tokens("  ").caller("Bearer ") is None


@pytest.mark.parametrize(
    "setting",
    [
        "digital",
        "digital:read",
        item("", "read", "secret"),
        item("dig ital", "read", "secret"),
        item("digital", "", "secret"),
        item("digital", "read+write", "secret"),
        "digital:read:secret",
        item("digital", "read", "secret").upper(),
    ],
)
def test_a_mistake_in_the_setting_is_told_by_its_place_and_not_repeated(setting: str) -> None:
    with pytest.raises(Unusable, match="HARMONIA_API_TOKENS: item 2 ") as raised:
        read_tokens(f"{item('field', 'read', 'one')} {setting.replace(' ', '-!-')}")
    assert "secret" not in str(raised.value)


# Whom a request names, and the address that it means.
HASHER = Hasher([b"new", b"old"])
EMAIL = HASHER.lookups("email", "ada@example.org")
PHONE = HASHER.lookups("phone", "+12125550101")
VAN = HASHER.lookups("external", "van:17")


def who(channel: Channel, **said: object) -> AskedPerson:
    return asked_person(Person.model_validate(said), channel, HASHER)


@pytest.mark.parametrize(
    ("channel", "names", "means"),
    [
        ("email", [*EMAIL, "c17", *VAN, *PHONE], EMAIL),
        ("text", [*PHONE, "c17", *VAN, *EMAIL], PHONE),
        ("phone", [*PHONE, "c17", *VAN, *EMAIL], PHONE),
        ("door", ["c17", *VAN, *EMAIL, *PHONE], []),
    ],
)
def test_the_owner_of_the_address_is_who_is_asked_about(channel: Channel, names: list[str], means: list[str]) -> None:
    found = who(channel, contact_id="c17", external={"van": "17"}, email="Ada@Example.org", phone="(212) 555-0101")
    assert found == AskedPerson(names, [hashed.partition(":")[2][:16] for hashed in means])


def test_an_address_that_cannot_be_read_is_not_sent_to_whoever_it_may_be() -> None:
    assert who("email", contact_id="c17", email="ada(at)example.org") == AskedPerson([])
    assert who("door", contact_id="c17", email="ada(at)example.org") == AskedPerson(["c17"], [])


@pytest.mark.parametrize("behind", [" ext 5", ";isub=0698767471", "#9", ",,5"])
def test_a_number_with_more_behind_it_is_not_sent_to_and_names_a_person_all_the_same(behind: str) -> None:
    phone = "(212) 555-0101" + behind
    assert who("text", contact_id="c17", phone=phone) == AskedPerson([])
    assert who("door", contact_id="c17", phone=phone) == AskedPerson(["c17", *PHONE], [])


def test_without_an_address_the_person_is_asked_about() -> None:
    assert who("email", contact_id="c17") == AskedPerson(["c17"], [])
