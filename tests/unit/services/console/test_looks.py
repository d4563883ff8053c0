"""What is done about people, as `audit-log` has it, has words for those who read of it."""

from collections.abc import Mapping
from typing import get_args

import pytest

from events.outputs import AuditedLook
from streams.services.console.acts import ACT_SPECS
from streams.services.console.names import LOOKS, LOOKS_AS_TOLD

ABOUT_PEOPLE = {"person", "pair", "list", "request"}


@pytest.mark.parametrize("words", [LOOKS, LOOKS_AS_TOLD], ids=["staff", "the person"])
def test_everything_that_is_done_about_people_has_words(words: Mapping[str, str]) -> None:
    acts = {spec.id for spec in ACT_SPECS if spec.about in ABOUT_PEOPLE}
    assert set(words) == {*get_args(AuditedLook), *acts}
