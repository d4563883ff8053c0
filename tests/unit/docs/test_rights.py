"""The pages on the rights desk name every word that a request may have, in both languages."""

from pathlib import Path

import pytest

from events.console_acts import CONSOLE_ACTS
from events.rights_requests import EXTENSION_REASONS, RIGHTS_KINDS, RIGHTS_OUTCOMES
from streams.domain.rights.permitted import DEEDS_OF

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("page", ["rights.md", "fr/droits.md"])
def test_every_kind_deed_reason_outcome_and_act_of_requests_is_named(page: str) -> None:
    text = (DOCS / page).read_text()
    acts = [act for act in CONSOLE_ACTS if act.endswith("_request")]
    assert [word for word in (*RIGHTS_KINDS, *acts) if word not in text] == []
    words = {*EXTENSION_REASONS, *DEEDS_OF["rectification"], *RIGHTS_OUTCOMES}
    assert {word for word in words if f"`{word}`" not in text and f" {word}`" not in text} == set()
    assert len(acts) == 4
