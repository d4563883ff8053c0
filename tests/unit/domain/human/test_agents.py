"""What of a user agent's text is kept: one of eight kinds."""

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from streams.domain.human import Agent, agent_of
from tests.unit.domain.human.people import APPLE, CHROME, GMAIL, GMAIL_PREFETCH, IPHONE, OUTLOOK, SAFARI, YAHOO

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (None, Agent.ABSENT),
        ("", Agent.ABSENT),
        ("  ", Agent.ABSENT),
        (APPLE, Agent.BARE),
        (" Mozilla/5.0 ", Agent.BARE),
        (GMAIL, Agent.PROXY),
        ("GoogleImageProxy", Agent.PROXY),
        (YAHOO, Agent.PROXY),
        (GMAIL_PREFETCH, Agent.PREFETCH),
        (CHROME, Agent.PERSONAL),
        (IPHONE, Agent.PERSONAL),
        (SAFARI, Agent.PERSONAL),
        (FIREFOX, Agent.PERSONAL),
        (FIREFOX.replace("Firefox", "Thunderbird"), Agent.PERSONAL),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36",
            Agent.PERSONAL,
        ),
        ("Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko", Agent.PERSONAL),
        ("Mozilla/5.0 (Windows NT 6.1)", Agent.PERSONAL),
        ("Outlook-iOS/723.4027091.prod.iphone (4.28.0)", Agent.PERSONAL),
        (OUTLOOK, Agent.OFFICE),
        ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.12026; Pro)", Agent.OFFICE),
        ("Barracuda Sentinel (EE)", Agent.PROGRAM),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b", Agent.PROGRAM),
        ("Mozilla/5.0 (compatible; Mimecast URL protect)", Agent.PROGRAM),
        ("python-requests/2.31.0", Agent.PROGRAM),
        ("curl/8.4.0", Agent.PROGRAM),
        (CHROME.replace("Chrome", "HeadlessChrome"), Agent.PROGRAM),
        ("something new", Agent.UNKNOWN),
    ],
)
def test_a_user_agent_is_of_one_kind(text: str | None, kind: Agent) -> None:
    assert agent_of(text) is kind


def test_no_crawler_that_the_library_knows_passes_for_a_person() -> None:
    named = {text: agent_of(text) for crawler in CRAWLER_USER_AGENTS_DATA for text in crawler["instances"]}
    assert len(named) > 1_000
    assert {kind for text, kind in named.items() if "MailProxy" not in text and "ImageProxy" not in text} == {
        Agent.PROGRAM
    }


def test_the_numbers_that_states_keep_never_change() -> None:
    assert [kind.name for kind in Agent] == "ABSENT UNKNOWN PERSONAL BARE PROXY PREFETCH OFFICE PROGRAM".split()
    assert [kind.value for kind in Agent] == list(range(8))
