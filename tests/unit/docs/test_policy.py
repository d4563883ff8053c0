"""The reference of the policy names every reason and every key, and nothing else."""

import re
import tomllib
from pathlib import Path
from typing import get_args

from streams.domain.pressure import FileMistakes, Reason, default_policy_text, read_policy

PAGE = (Path(__file__).parents[3] / "docs" / "policy.md").read_text()


def test_every_reason_is_listed_in_the_order_of_the_code() -> None:
    listed = re.findall(r"^\| `(\w+)` \| (?:allow|deny|defer)", PAGE, re.MULTILINE)
    assert tuple(listed) == get_args(Reason)


def test_every_section_of_the_default_is_in_the_reference() -> None:
    keys = re.findall(r"^\| `(\w+)\.", PAGE, re.MULTILINE)
    assert list(dict.fromkeys(keys)) == list(tomllib.loads(default_policy_text()))


def test_the_mistakes_that_are_shown_are_told_so() -> None:
    text = default_policy_text().replace('{ window = "1d", at_most = 2 }', '{ window = "1d", at_most = 0 }')
    text = text.replace('daily = "09:00-20:00"', 'daily = "20:00-09:00"', 1)
    found = read_policy(re.sub(r"phone = \[.*?\n\]\n", "", text, flags=re.DOTALL))
    assert isinstance(found, FileMistakes)
    assert f"```\n{found}\n```" in PAGE
