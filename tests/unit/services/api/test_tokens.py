import hashlib

import pytest

from streams.platform.errors import Unusable
from streams.platform.tokens import Caller, Tokens, read_tokens


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
