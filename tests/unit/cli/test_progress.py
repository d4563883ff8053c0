import threading

import pytest

from streams.cli import output


def test_without_a_terminal_only_what_takes_long_is_told_and_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with output.waiting("Counting") as say:
        say("Counting still")
    assert capsys.readouterr().err == ""

    monkeypatch.setattr(output, "PATIENCE_S", 0.0)
    with output.waiting("Counting"):
        for timer in threading.enumerate():
            if isinstance(timer, threading.Timer):
                timer.join()
    assert capsys.readouterr().err == "Counting takes longer than 0 s; it goes on\n"


def test_a_terminal_shows_at_once_what_is_being_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    with output.waiting("Reading history"):
        pass
    assert "Reading history …" in capsys.readouterr().err
