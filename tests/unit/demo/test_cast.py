"""The people of the demo's console, who are let in by links that work once."""

from pathlib import Path

from streams.demo.cast import CAST, FIRST, new_link, people_file, use_link
from streams.demo.console_server import USED
from streams.services.console.people import read_people
from streams.services.console.roles import ROLES
from streams.services.console.words import Words


def test_the_console_reads_the_file_of_the_demos_people(tmp_path: Path) -> None:
    file = tmp_path / "people.toml"
    file.write_text(people_file())
    people = read_people(file)
    assert people.names() == sorted(part.name for part in CAST)
    everybody = people.named(FIRST)
    assert everybody is not None
    assert everybody.roles == {*ROLES}
    organiser = people.named("organiser-oh")
    assert organiser is not None
    assert organiser.scope.regions == frozenset({"US-OH"})
    assert {role for part in CAST[1:] for role in part.roles} == {*ROLES}


def test_what_only_the_demos_console_shows_is_there_in_french() -> None:
    french = Words("fr", "UTC")
    for text in (*(part.label for part in CAST), USED, "This link was used"):
        assert french.text(text) != text


def test_no_two_files_of_the_demos_people_have_one_token() -> None:
    assert people_file() != people_file()


def test_a_link_that_was_never_made_lets_nobody_in(tmp_path: Path) -> None:
    new_link(tmp_path)
    for wrong in ("", "..", "../people.toml", "\udcff"):
        assert not use_link(tmp_path, wrong)
    assert len(list(tmp_path.iterdir())) == 1
