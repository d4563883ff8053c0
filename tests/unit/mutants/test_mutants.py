"""The list of mutants stays alive: each of its faults can be put in, and each test that it names is there."""

import ast
from pathlib import Path

import pytest

from tests.mutants.__main__ import PACKAGES, Copy, catching_test, chosen, copy_of_tree, is_there
from tests.mutants.mutants import ROOT, Mutant, listed

MUTANTS = listed()
CHECK = """
import streams.answer

def test_answer_is_42():
    assert streams.answer.answer() == 42
"""


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A copy of a tree that has one function and its test."""
    (tmp_path / "streams").mkdir()
    (tmp_path / "streams" / "__init__.py").touch()
    (tmp_path / "streams" / "answer.py").write_text("def answer():\n    return 6 * 7\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_answer.py").write_text(CHECK)
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\naddopts = ["-ra"]\n')
    return Copy(tmp_path)


def mutant(after: str, caught_by: str | None = "tests/test_answer.py::test_answer_is_42") -> Mutant:
    return Mutant("a.b", "streams/answer.py", "    return 6 * 7", after, (), caught_by)


@pytest.mark.parametrize("listed_mutant", MUTANTS, ids=lambda each: each.id)
def test_lines_of_a_mutant_are_found_once_and_change_what_the_code_says(listed_mutant: Mutant) -> None:
    text = (ROOT / listed_mutant.file).read_text()
    mutated = listed_mutant.applied_to(text)
    assert ast.dump(ast.parse(mutated)) != ast.dump(ast.parse(text))


@pytest.mark.parametrize("listed_mutant", MUTANTS, ids=lambda each: each.id)
def test_tests_that_a_mutant_names_are_there(listed_mutant: Mutant) -> None:
    assert [path for path in listed_mutant.tests if not (ROOT / path).exists()] == []
    assert listed_mutant.caught_by is None or is_there(ROOT, listed_mutant.caught_by)


def test_copy_imports_its_own_packages_and_not_the_installed_ones(tmp_path: Path) -> None:
    copy = copy_of_tree(tmp_path)
    origins = copy.origins()
    assert len(origins) == len(PACKAGES)
    assert all(origin.is_relative_to(copy.root) for origin in origins)
    assert not copy.root.is_relative_to(ROOT)


def test_mutant_is_caught_in_the_copy_and_its_file_is_restored(copy: Copy) -> None:
    before = (copy.root / "streams/answer.py").read_bytes()
    found = catching_test(copy, mutant("    return 6 * 8"), everything=False)
    assert found == "tests/test_answer.py::test_answer_is_42"
    assert (copy.root / "streams/answer.py").read_bytes() == before
    assert copy.failing(["tests"]) is None


def test_mutant_that_changes_nothing_survives(copy: Copy) -> None:
    assert catching_test(copy, mutant("    return 7 * 6"), everything=False) is None


def test_mutant_whose_lines_are_gone_names_them(copy: Copy) -> None:
    lost = Mutant("a.b", "streams/answer.py", "    return 41", "    return 42", (), None)
    with pytest.raises(LookupError, match=r"a\.b: streams/answer\.py has these lines 0 times, not once:     return 41"):
        catching_test(copy, lost, everything=False)


def test_word_that_names_no_mutant_and_no_room_is_refused() -> None:
    assert {each.room for each in chosen(["fold"])} == {"fold"}
    with pytest.raises(LookupError, match="no mutant and no room: nowhere"):
        chosen(["nowhere"])
