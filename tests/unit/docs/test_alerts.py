import re
from pathlib import Path
from typing import get_args

from streams.pressure.alerting import Rule

TEXT = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text()


def test_every_rule_is_explained() -> None:
    assert set(re.findall(r"^\| `([a-z_]+)` \|", TEXT, re.MULTILINE)) == {*get_args(Rule), "erased"}
