"""Whoever gives an option a wrong value reads what would be right, never the words of the library that parsed it."""

import pytest
from typer.testing import CliRunner

from streams.cli.main import app
from streams.cli.permit import unfinished_message

WRONG: list[tuple[tuple[str, ...], str]] = [
    (("permit", "check", "ada", "--channel", "pigeon"), "'pigeon' is not one of 'email'"),
    (("permit", "--channel", "pigeon"), "'pigeon' is not one of 'email'"),
    (("contact", "suppress", "ada", "--wait", "long"), "give a number"),
    (("worker", "--processes", "two"), "give a whole number"),
    (("suppressions", "export", "--channel", "email", "--format", "xls"), "'xls' is not one of"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_a_wrong_value_is_told_in_plain_words(words: tuple[str, ...], said: str) -> None:
    ended = CliRunner().invoke(app, words)
    told = " ".join(ended.stderr.replace("│", " ").split())
    assert ended.exit_code == 2
    assert said in told
    assert "Value error" not in told
    assert "Input should" not in told


def test_a_list_is_judged_only_with_a_channel_and_a_purpose() -> None:
    for words, missing in ((("permit",), "--channel"), (("permit", "--channel", "email"), "--purpose")):
        ended = CliRunner().invoke(app, words)
        assert (ended.exit_code, f"Missing option '{missing}'" in ended.stderr) == (2, True)


@pytest.mark.parametrize(("allowed", "counts"), [(1, "1 row had"), (2_000, "2,000 rows had")])
def test_a_list_that_was_not_judged_to_its_end_says_how_much_was_written(allowed: int, counts: str) -> None:
    said = unfinished_message("Redis was emptied.", allowed, 3_000)
    assert said.startswith(f"Redis was emptied. {counts} been written as allowed, of 3,000 judged: throw away")
