"""What `harmonia alerts list` refuses before it asks any server, and the order in which alerts are listed."""

import re
from pathlib import Path

from streams.cli.alerts import alert_rules, latest_alerts


def test_every_rule_that_is_described_may_be_asked_for() -> None:
    described = re.findall(r"^\| `([a-z]+(?:_[a-z]+)+|erased)` \|", Path("docs/alerts.md").read_text(), re.MULTILINE)

    assert len(described) >= 10
    assert set(described) <= set(alert_rules())


def test_the_latest_alerts_are_listed_in_the_order_of_the_times_that_they_show() -> None:
    noon, one, two = ({"at": f"2012-11-06T{hour}:00:00.000Z"} for hour in (12, 13, 14))
    written = [(3, one), (1, two), (2, noon)]  # one that is about earlier may be written later

    assert latest_alerts(written, 3) == [noon, one, two]
    assert latest_alerts(written, 2) == [noon, one]
