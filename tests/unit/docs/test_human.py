"""The table that the reader of `docs/human.md` is given is the table that is used."""

import re
from pathlib import Path

from streams.domain.human.weights import PRIOR, WEIGHTS, Signal

DOCS = Path(__file__).parents[3] / "docs" / "human.md"
ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+|prior) \| (\S+) \| (\S+) \|", re.MULTILINE)


def number(text: str) -> int | None:
    return None if text == "–" else int(text.replace("−", "-"))


def test_every_weight_stands_in_the_docs() -> None:
    told: dict[str, tuple[int | None, int | None]] = {}
    for names, opened, clicked in ROW.findall(DOCS.read_text().replace("0 to +20", "+20")):
        for name in re.findall(r"\w+", names):
            told[name] = number(opened), number(clicked)
    assert told.pop("prior") == (PRIOR["open"], PRIOR["click"])
    assert told.pop(Signal.CLICKED.value) == (20, None)
    assert told == {
        signal.value: (WEIGHTS["open"].get(signal), WEIGHTS["click"].get(signal))
        for signal in Signal
        if signal is not Signal.CLICKED
    }
