"""The example in `docs/insights.md` is what the demo has, whichever day it is shown on."""

import re
from datetime import date
from pathlib import Path

from streams.demo.script import write_script
from streams.demo.source_system import utc_midnight
from streams.domain.money import money
from tests.unit.history.daily_report.recount_day import Recount

DOCS = Path(__file__).parents[3] / "docs" / "insights.md"
ZONE = "America/Los_Angeles"
SEED = 2012
SHOWN_ON = utc_midnight(2027, 3, 2)
GIFTS = ("donation.made", "donation.refunded", "interaction.retracted")


def test_the_gifts_in_the_example_are_those_of_the_demo() -> None:
    told = dict(re.findall(r"^(2012-02-\d\d)  (\$[\d,.]+)  ", DOCS.read_text(), re.MULTILINE))
    accepted = [one.sent for one in write_script(SEED, today=SHOWN_ON).publications if one.reason is None]
    recount = Recount([one for one in accepted if one.type in GIFTS], lambda one: one.contact["external"]["fec"], ZONE)

    found = {day: recount._money(date.fromisoformat(day))["USD"]["gross"] for day in told}

    assert len(told) == 14
    assert told == {day: money(gross, "USD") for day, gross in found.items()}
