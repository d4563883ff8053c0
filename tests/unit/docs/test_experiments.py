"""The table of promises of `docs/experiments.md` has every one of them, and each was kept."""

import re
from pathlib import Path

from benchmarks.experiments.errors import EFFECTS, KINDS, MOST

DOCS = (Path(__file__).parents[3] / "docs" / "experiments.md").read_text()

ROW = re.compile(
    r"^\| (?P<what>[^|]+) \| (?P<figure>[\d.,]+) [^|]+ \| (?P<sign>[≤≥]) (?P<bound>[\d.]+) [^|]+\|$", re.MULTILINE
)


def test_every_promise_is_in_the_table_and_was_kept() -> None:
    rows = [row.groupdict() for row in ROW.finditer(DOCS)]
    for row in rows:
        figure, bound = float(row["figure"].replace(",", "")), float(row["bound"])
        assert figure <= bound if row["sign"] == "≤" else figure >= bound, row["what"]
    simulated = " ".join(row["what"] for row in rows)
    assert [what for what in (*KINDS, *EFFECTS) if what not in simulated] == []
    assert all(float(row["bound"]) == MOST for row in rows if "winner" in row["what"])
    assert len(rows) >= 50
