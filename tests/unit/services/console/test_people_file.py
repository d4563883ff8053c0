import hashlib
from pathlib import Path

import pytest

from streams.platform.errors import Unusable
from streams.services.console.people import read_people
from streams.services.console.rights import Scope

DIGEST = hashlib.sha256(b"secret").hexdigest()


def _file(folder: Path, text: str) -> Path:
    file = folder / "people.toml"
    file.write_text(text)
    return file


def test_people_are_found_by_token_and_by_subject(tmp_path: Path) -> None:
    people = read_people(
        _file(
            tmp_path,
            f'[people.ada]\ntoken = "{DIGEST}"\nroles = ["field"]\nregions = ["US-OH"]\nlanguage = "fr"\n'
            '[people.bob]\noidc = "u-1"\nroles = ["privacy", "operations"]\n',
        )
    )
    ada, bob = people.by_token("secret"), people.by_subject("u-1")
    assert ada is not None
    assert (ada.name, ada.language) == ("ada", "fr")
    assert ada.roles == {"field"}
    assert ada.scope == Scope(regions=frozenset({"US-OH"}))
    assert bob is not None
    assert bob.roles == {"privacy", "operations"}
    assert people.by_token("") is people.by_token("other") is people.by_subject("") is None


def test_without_a_file_there_is_nobody() -> None:
    assert not read_people(None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("people = 3", "give a table"),
        ("[others.x]\n", "give a table"),
        ("[people.ada", "is not TOML"),
        ('[people.ada]\nroles = ["field"]', "can never sign in"),
        (f'[people.ada]\ntoken = "{DIGEST[:-1]}"\nroles = ["field"]', "64 hexadecimal digits"),
        (f'[people.ada]\ntoken = "{hashlib.sha256(b"").hexdigest()}"\nroles = ["field"]', "of an empty one"),
        (f'[people.ada]\ntoken = "{DIGEST}"', "roles: give a list of some of figures"),
        (f'[people.ada]\ntoken = "{DIGEST}"\nroles = ["boss"]', "roles: give a list of some of figures"),
        (f'[people.ada]\ntoken = "{DIGEST}"\nroles = ["field"]\nregions = "US-OH"', "regions: give a list"),
        (f'[people.ada]\ntoken = "{DIGEST}"\nroles = ["field"]\nlanguage = "de"', "language: give one of en, fr"),
        (f'[people.ada]\ntoken = "{DIGEST}"\nroles = ["field"]\nregion = ["US-OH"]', "unknown key 'region'"),
        ('[people."a b"]\noidc = "x"\nroles = ["field"]', "is no name"),
        ('[people.a]\noidc = "x"\nroles = ["field"]\n[people.b]\noidc = "x"\nroles = ["field"]', "same oidc"),
    ],
)
def test_a_mistake_is_named_with_its_cure_and_without_any_hash(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(Unusable, match="HARMONIA_CONSOLE_PEOPLE") as caught:
        read_people(_file(tmp_path, text))
    assert told in str(caught.value)
    assert DIGEST[:-1] not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="cannot be read"):
        read_people(tmp_path / "none.toml")
