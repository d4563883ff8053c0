"""The command line prints to the letter what it printed before warnings and verdicts were codes.

`printed.txt` was written by the version that held sentences. Where a text is to change, that file is changed with it.
"""

from pathlib import Path

from streams.domain.messages import message
from tests.unit.domain.messages.printing import printed


def test_experiments_reports_and_status_are_printed_as_before() -> None:
    before = (Path(__file__).parent / "printed.txt").read_text().splitlines()
    now = [line.rstrip() for line in printed(lambda text: message("text", text=text))]

    assert len(before) > 1_000
    assert now == before
