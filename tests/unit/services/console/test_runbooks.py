import re

from streams.operations.status.alert_rules import SEVERITIES, UNSEEN, runbook_name
from streams.services.console.runbooks import runbook, runbook_names


def test_every_alert_that_the_status_names_has_a_runbook() -> None:
    assert {runbook_name(alert) for alert in (*SEVERITIES, *UNSEEN)} <= set(runbook_names())


def test_a_runbook_shows_its_title_and_leads_only_to_others() -> None:
    for name in runbook_names():
        found = runbook(name)
        assert found is not None
        assert found.title
        assert all(link.startswith("/status/") for link in re.findall(r'href="([^"]*)"', found.html)), name
        assert not re.search(r"<script|style=|javascript:", found.html), name


def test_links_between_runbooks_are_pages_of_the_console() -> None:
    found = runbook("sink-behind")
    assert found is not None
    assert '<a href="/status/redis-full">redis-full</a>' in found.html


def test_what_is_no_runbook_is_none() -> None:
    assert runbook("README") is None
    assert runbook("../adr/0001") is None
