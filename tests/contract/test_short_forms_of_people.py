"""Short words for people on the command line: whom they mean by what Redis holds, and what is said of it."""

from collections.abc import Iterator, Mapping

import pytest
import typer
from redis import Redis

from sinks.keys import identity_key
from streams.cli.person import look_up_person, meant_by
from streams.platform.settings import Settings
from streams.services.permission.person_name import PersonName, parse_person
from tests.contract.redis_server import RedisServer

HELD = Settings(_env_file=None).hasher


@pytest.fixture
def settings(redis_server: RedisServer) -> Iterator[Settings]:
    redis_server.tell("FLUSHALL")
    yield Settings(_env_file=None, redis_url=f"redis://127.0.0.1:{redis_server.port}/0")
    redis_server.tell("FLUSHALL")


def hold(server: RedisServer, people: Mapping[str, str]) -> None:
    """Have people in Redis: by their long form, or as a contact_id, the id of their profile."""
    with Redis(port=server.port) as client:
        for word, contact_id in people.items():
            [name] = parse_person(word).ids(HELD)
            if name != contact_id:
                client.set(identity_key(name), contact_id)
            client.hset(f"contact:{contact_id}", "state", b"{}")


def meant(settings: Settings, word: str) -> PersonName:
    """What a word means, with what it stands for in hashes in place of how it was written."""
    found = meant_by(settings, word)
    return PersonName(found.kind, found.ids(HELD)[0])


@pytest.mark.parametrize(
    ("word", "held"),
    [
        ("van:17", "external:van:17"),
        ("oh:123", "voter:OH:123"),
        ("(212) 555-0142", "phone:2125550142"),
        ("2125550142", "phone:2125550142"),
    ],
)
def test_a_short_form_is_taken_for_what_is_known(
    redis_server: RedisServer, settings: Settings, word: str, held: str
) -> None:
    hold(redis_server, {held: "ada"})
    assert meant(settings, word) == meant(settings, held)


def test_what_a_short_form_was_taken_for_is_said(
    redis_server: RedisServer, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(redis_server, {"external:van:17": "ada", "van:18": "van:18"})
    for word in ("external:van:17", "van:18", "van:19"):
        meant_by(settings, word)
    assert capsys.readouterr().err == ""
    meant_by(settings, "van:17")
    assert capsys.readouterr().err == "understood as external:SYSTEM:ID\n"


def test_a_contact_id_comes_before_what_else_it_looks_like(redis_server: RedisServer, settings: Settings) -> None:
    hold(redis_server, {"van:17": "van:17", "external:van:17": "ada"})
    assert look_up_person(settings, "van:17").contact_id == "van:17"
    assert look_up_person(settings, "external:van:17").contact_id == "ada"


def test_a_word_by_which_two_people_are_known_chooses_neither(
    redis_server: RedisServer, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(redis_server, {"voter:OH:123": "ada", "external:oh:123": "bob"})
    with pytest.raises(typer.Exit) as ended:
        meant_by(settings, "OH:123")
    assert ended.value.exit_code == 1
    assert capsys.readouterr().err.strip() == (
        "several people are known by this word, as voter id or external id: say which, by voter:STATE:ID or "
        "external:SYSTEM:ID"
    )


def test_a_word_by_which_nobody_is_known_is_a_contact_id(settings: Settings) -> None:
    assert meant_by(settings, "van:17").kind is None
    assert meant_by(settings, "(212) 555-0142").kind == "phone"
