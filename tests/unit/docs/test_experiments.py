"""The numbers that the reader of `docs/experiments.md` is given are the numbers that are used."""

import re
from pathlib import Path

import pytest

from benchmarks.experiments.errors import EFFECTS, KINDS, MOST
from streams.domain.contact.contribution import GROUPS
from streams.domain.inference import arms, estimation, harm, split
from streams.domain.inference.comparing import TUNED_FOR
from streams.domain.inference.multiple_testing import FALSE_DISCOVERY_RATE

DOCS = (Path(__file__).parents[3] / "docs" / "experiments.md").read_text()
TEXT = " ".join(DOCS.split())

ROW = re.compile(
    r"^\| (?P<what>[^|]+) \| (?P<figure>[\d.,]+) [^|]+ \| (?P<sign>[≤≥]) (?P<bound>[\d.]+) [^|]+\|$", re.MULTILINE
)


@pytest.mark.parametrize(
    "said",
    [
        f"`tuned_for` is {TUNED_FOR:,} people",
        f"at least {arms.MIN_PEOPLE} people",
        f"at least {arms.MIN_POSITIVES} people with an outcome",
        f"{arms.MIN_POSITIVES_CONTACTED} cases instead of {arms.MIN_POSITIVES}",
        f"fewer than {arms.MIN_COVARIATES} people have a covariate",
        f"fewer than {arms.MIN_GROUPS} groups",
        f"hashed into {GROUPS} groups",
        f"as much as {estimation._WEIGHT:g} people",
        f"`K / ({FALSE_DISCOVERY_RATE:.2f} k)`",
        f"concentration {split.FINE:,.0f}",
        f"one tenth with {split.COARSE:g}",
        f"p < {split.THRESHOLD:g}",
        f"r = {' '.join(f'{times:g}' for times in harm._TIMES)}",
    ],
)
def test_it_says_what_is_used(said: str) -> None:
    assert said in TEXT


def test_every_promise_is_in_the_table_and_was_kept() -> None:
    rows = [row.groupdict() for row in ROW.finditer(DOCS)]
    for row in rows:
        figure, bound = float(row["figure"].replace(",", "")), float(row["bound"])
        assert figure <= bound if row["sign"] == "≤" else figure >= bound, row["what"]
    simulated = " ".join(row["what"] for row in rows)
    assert [what for what in (*KINDS, *EFFECTS) if what not in simulated] == []
    assert all(float(row["bound"]) == MOST for row in rows if "winner" in row["what"])
    assert len(rows) >= 50
