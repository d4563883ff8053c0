"""What the vendors of mailboxes and of security do with mail, as they or those who watch them describe it.

Programs stay below 0.2 and persons above 0.8 with the vendor's own flag hidden. The sources are in `docs/human.md`.
"""

import pytest

from streams.domain.human import Act, Answer
from tests.unit.domain.human.people import (
    APPLE,
    CHROME,
    GMAIL,
    GMAIL_PREFETCH,
    HOUR,
    IPHONE,
    MINUTE,
    OUTLOOK,
    SAFARI,
    SECOND,
    YAHOO,
    answer,
    clicked,
    opened,
    p_human,
    scan,
)

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
