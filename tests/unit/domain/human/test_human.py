"""Whether a human opened a message."""

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from streams.domain.human import Act, Agent, Answer, Arrival, Signal, agent_of
from streams.domain.human.known import WEEK
from streams.domain.human.score import milli_of
from streams.domain.human.weights import WEIGHTS
from tests.unit.domain.human.people import (
    APPLE,
    CHROME,
    DAY,
    GMAIL,
    GMAIL_PREFETCH,
    HOUR,
    IPHONE,
    MINUTE,
    NOON,
    OUTLOOK,
    SAFARI,
    SECOND,
    YAHOO,
    answer,
    clicked,
    judged,
    opened,
    p_human,
    scan,
)


def test_of_an_open_of_which_nothing_is_known_nothing_is_known() -> None:
    assert p_human(opened(HOUR), arrived=None) == 0.5
    assert judged(opened(HOUR), arrived=None).signals == {}


@pytest.mark.parametrize(
    ("decibans", "milli"), [(0, 500), (10, 909), (-10, 91), (20, 990), (-30, 1), (60, 1000), (-99, 0)]
)
def test_ten_decibans_are_ten_times_the_odds(decibans: int, milli: int) -> None:
    assert milli_of(decibans) == milli


def test_of_each_kind_of_signal_only_the_strongest_counts() -> None:
    prefetched = judged(opened(2 * SECOND, APPLE, machine=True), answer("gift", HOUR), answer("reply", HOUR))
    assert prefetched.signals == {
        Signal.VENDOR_MACHINE: -17,
        Signal.AGENT_BARE: -10,
        Signal.AT_DELIVERY: -17,
        Signal.GIFT: 20,
        Signal.REPLY: 13,
    }
    assert prefetched.milli == milli_of(-17 + 20)


@pytest.mark.parametrize(
    ("after", "signal"),
    [
        (-HOUR, Signal.AT_DELIVERY),
        (10_000, Signal.AT_DELIVERY),
        (10_001, Signal.SOON),
        (60_000, Signal.SOON),
        (60_001, None),
    ],
)
def test_time_since_delivery(after: int, signal: Signal | None) -> None:
    assert set(judged(opened(after)).signals) == ({signal} if signal else set())
    assert set(judged(clicked(after)).signals) == {signal or Signal.LATER}


def test_delivery_is_the_earliest_report_of_it_and_sending_only_without_one() -> None:
    sent = Arrival("m", NOON - HOUR, NOON, delivered=False)
    again = Arrival("m", NOON + HOUR, NOON, delivered=True)
    other = Arrival("n", NOON + HOUR, NOON, delivered=True)
    assert Signal.AT_DELIVERY in judged(clicked(SECOND), sent, again, other).signals
    assert Signal.LATER in judged(clicked(SECOND), sent, arrived=None).signals
    assert judged(clicked(SECOND), other, arrived=None).signals == {}


@pytest.mark.parametrize(
    ("links", "apart", "signals"),
    [
        (2, 3_000, {Signal.TWO_LINKS}),
        (2, 3_001, set()),
        (3, 3_000, {Signal.TWO_LINKS}),
        (3, 2_500, {Signal.TWO_LINKS, Signal.MANY_LINKS}),
        (5, 7_500, {Signal.MANY_LINKS}),
        (5, 7_501, set()),
    ],
)
def test_links_at_once(links: int, apart: int, signals: set[Signal]) -> None:
    first, *others = scan(HOUR, None, links, apart)
    assert set(judged(first, *others).signals) - {Signal.LATER} == signals


@pytest.mark.parametrize(("after", "counts"), [(-1, False), (0, True), (DAY, True), (DAY + 1, False)])
def test_an_answer_counts_for_a_day(after: int, *, counts: bool) -> None:
    assert (Signal.GIFT in judged(opened(HOUR), answer("gift", HOUR + after)).signals) is counts


def test_a_click_speaks_for_the_opens_before_it() -> None:
    click = clicked(2 * HOUR, CHROME)
    assert judged(opened(HOUR, APPLE), click).signals[Signal.CLICKED] == 20
    assert judged(opened(2 * HOUR, APPLE), click).signals[Signal.CLICKED] == 20
    assert Signal.CLICKED not in judged(opened(3 * HOUR, APPLE), click).signals
    assert Signal.CLICKED not in judged(opened(SECOND, APPLE), *scan(SECOND)).signals
    assert judged(opened(HOUR), clicked(2 * HOUR, machine=True)).signals == {}
    assert judged(opened(HOUR), clicked(2 * HOUR, "Mozilla/5.0")).signals[Signal.CLICKED] == 5 - 5 + 3 + 10


def test_evidence_received_within_a_week_revises_an_act_and_later_evidence_does_not() -> None:
    act = opened(HOUR, APPLE, received=NOON)
    gift = answer("gift", 2 * HOUR)
    assert Signal.GIFT in judged(act, type(gift)("gift", gift.time, NOON + WEEK)).signals
    assert Signal.GIFT not in judged(act, type(gift)("gift", gift.time, NOON + WEEK + 1)).signals
    for received, counts in [
        (NOON - WEEK - 1, False),
        (NOON - WEEK, True),
        (NOON + WEEK, True),
        (NOON + WEEK + 1, False),
    ]:
        click = Act("click", "m", NOON + 2 * HOUR, received)
        assert (Signal.CLICKED in judged(act, click).signals) is counts
        delivered = Arrival("m", NOON + HOUR, received, delivered=True)
        assert (Signal.AT_DELIVERY in judged(act, delivered, arrived=None).signals) is counts


def test_no_weight_is_nothing_and_every_signal_but_one_has_one() -> None:
    assert all(weight for weights in WEIGHTS.values() for weight in weights.values())
    assert {signal for weights in WEIGHTS.values() for signal in weights} == set(Signal) - {Signal.CLICKED}


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


MACHINE, PERSON = 0.2, 0.8


@pytest.mark.parametrize(
    ("what", "acts", "is_person"),
    [
        *(
            ("Apple fetches images from seconds to hours after delivery", [opened(after, APPLE)], False)
            for after in (2 * SECOND, 40 * SECOND, 20 * MINUTE, 5 * HOUR, 30 * HOUR)
        ),
        ("again for each device", [opened(at, APPLE) for at in (5 * HOUR, 2 * SECOND, 6 * HOUR)], False),
        ("who reads what Apple fetched, and answers", [opened(3 * HOUR, APPLE), answer("form", 4 * HOUR)], True),
        ("a click from an iPhone", [clicked(3 * HOUR, SAFARI), opened(2 * SECOND, APPLE)], True),
        ("what Apple fetched was read then", [opened(2 * HOUR, APPLE), clicked(3 * HOUR, SAFARI)], True),
        ("Apple's mail without its protection names the device", [opened(20 * MINUTE, IPHONE)], True),
        *(("an image proxy fetches when it is opened", [opened(25 * MINUTE, each)], True) for each in (GMAIL, YAHOO)),
        *(("an image proxy at delivery", [opened(1 * SECOND, each)], False) for each in (GMAIL, YAHOO)),
        *(
            ("Gmail looks at images before it shows a message, and says so", [opened(after, GMAIL_PREFETCH)], False)
            for after in (1 * SECOND, 30 * SECOND, 10 * MINUTE)
        ),
        ("opened after Gmail's look", [opened(8 * MINUTE, GMAIL), opened(1 * SECOND, GMAIL_PREFETCH)], True),
        ("Outlook shows images when it is asked to", [opened(40 * MINUTE, OUTLOOK)], True),
        ("a security product renders what it scans", [opened(4 * MINUTE, CHROME), *scan(4 * MINUTE)], False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_first_of_these_acts_is_a_persons_or_not(what: str, acts: list[Act | Answer], is_person: bool) -> None:
    """What is read behind Apple's protection adds no event: it is shown from Apple's copy."""
    first, *others = acts
    assert isinstance(first, Act)
    found = p_human(first, *others)
    assert found > PERSON if is_person else found < MACHINE, what


@pytest.mark.parametrize(
    ("vendor", "acts"),
    [
        ("Outlook Safe Links, as a browser", scan(2 * SECOND, CHROME)),
        ("Outlook Safe Links, without a user agent", scan(4 * SECOND, None)),
        ("Outlook Safe Links, as Office", scan(4 * SECOND, OUTLOOK)),
        ("Mimecast, minutes later", scan(4 * MINUTE, CHROME, links=9)),
        ("Mimecast, two links", scan(90 * SECOND, CHROME, links=2)),
        ("Proofpoint, while it takes the message", scan(-3 * SECOND, CHROME, links=4)),
        ("Proofpoint, one link", scan(3 * SECOND, CHROME, links=1)),
        ("Barracuda, by its name", scan(10 * MINUTE, "Barracuda Sentinel (EE)", links=1)),
        ("Barracuda, slowly", scan(3 * MINUTE, CHROME, links=8, apart=6 * SECOND)),
        ("a library", scan(10 * MINUTE, "python-requests/2.31", links=1)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_security_product_follows_links(vendor: str, acts: list) -> None:  # type: ignore[type-arg]
    assert [p_human(act, *acts) < MACHINE for act in acts] == [True] * len(acts), vendor


MAIL = {
    "Apple": ([opened(2 * SECOND, APPLE)], [clicked(3 * HOUR, SAFARI)]),
    "Gmail": ([opened(1 * SECOND, GMAIL_PREFETCH), opened(1 * SECOND, GMAIL)], [opened(25 * MINUTE, GMAIL)]),
    "Outlook Safe Links": (scan(2 * SECOND, OUTLOOK), [clicked(2 * HOUR, CHROME, 3)]),
    "Mimecast": ([opened(90 * SECOND, CHROME), *scan(90 * SECOND, CHROME, 9)], [opened(2 * HOUR, CHROME)]),
    "Proofpoint": (scan(-3 * SECOND, CHROME, 4), [opened(2 * HOUR, OUTLOOK), clicked(2 * HOUR + MINUTE, CHROME, 2)]),
}
"""What each vendor's machine does to one message, and what its reader does then."""


@pytest.mark.parametrize("vendor", MAIL)
def test_of_one_message_the_machines_acts_and_the_persons_are_told_apart_without_any_flag(vendor: str) -> None:
    machines, persons = MAIL[vendor]
    every = [*machines, *persons]
    assert all(act.machine is None for act in every)
    assert {act: p_human(act, *every) for act in persons if p_human(act, *every) <= PERSON} == {}
    before = {act: p_human(act, *machines) for act in machines}
    assert {act: p for act, p in before.items() if p >= MACHINE} == {}
    scanned = [act for act in machines if act.kind == "click"]
    assert all(p_human(act, *every) < MACHINE for act in scanned)


def test_who_clicks_one_link_after_the_scan_is_a_person() -> None:
    at_delivery = scan(2 * SECOND)
    later = clicked(2 * HOUR, CHROME, link=3)
    assert p_human(later, *at_delivery) > PERSON
    assert all(p_human(act, *at_delivery, later) < MACHINE for act in at_delivery)


def test_who_reads_and_clicks_two_links_in_their_own_time_is_a_person() -> None:
    acts = [
        opened(30 * MINUTE, CHROME),
        clicked(31 * MINUTE, CHROME, 1),
        clicked(31 * MINUTE + 20 * SECOND, CHROME, 2),
        clicked(31 * MINUTE + 21 * SECOND, CHROME, 2),
    ]
    assert all(p_human(act, *acts) > PERSON for act in acts)


def test_a_gift_lifts_an_open_that_looked_like_a_machines() -> None:
    for prefetched in (opened(2 * SECOND, APPLE), opened(2 * HOUR, APPLE), opened(2 * HOUR, APPLE, machine=True)):
        assert p_human(prefetched) < MACHINE
        assert p_human(prefetched, answer("gift", 3 * HOUR)) > 0.5


def test_a_gift_does_not_make_a_scan_a_persons() -> None:
    acts = scan(2 * SECOND)
    assert all(p_human(act, *acts, answer("gift", HOUR)) < MACHINE for act in acts)
