import re
from pathlib import Path
from typing import get_args

from streams.domain.campaigns.campaign_state import Rule as CampaignRule
from streams.domain.pressure.alerting import Rule
from streams.worker.agents.experiments.alerts import Rule as ExperimentRule

PAGE = (Path(__file__).parents[3] / "docs" / "alerts.md").read_text()
RULES = PAGE.partition("## Which mailbox provider")[0]


def test_every_rule_is_explained() -> None:
    assert set(re.findall(r"^\| `([a-z_]+)` \|", RULES, re.MULTILINE)) == {
        *get_args(Rule),
        *get_args(CampaignRule),
        "erased",
        *get_args(ExperimentRule),
    }
