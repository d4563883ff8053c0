"""Mail as it comes to one person, in one line each: message `m` arrives at noon unless told."""

from streams.domain.human import Act, Answer, Arrival, Judgement, Known, agent_of, judge
from streams.domain.human.known import AnswerKind

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOON = 1_770_120_000_000
"""2026-02-03T12:00:00Z"""

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
SAFARI = f"{IPHONE.removesuffix('Mobile/15E148')}Version/17.2 Mobile/15E148 Safari/604.1"
APPLE = "Mozilla/5.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GMAIL_PREFETCH = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135"
    " Safari/537.36 Edge/12.246 Mozilla/5.0"
)
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
OUTLOOK = "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"

DELIVERED = Arrival("m", NOON, NOON, delivered=True)


def opened(after: int, agent: str | None = None, *, machine: bool | None = None, received: int | None = None) -> Act:
    """An open so many ms after noon."""
    received_at = NOON + after if received is None else received
    return Act("open", "m", NOON + after, received_at, machine, agent_of(agent))


def clicked(after: int, agent: str | None = None, link: int | None = 1, *, machine: bool | None = None) -> Act:
    """A click so many ms after noon."""
    return Act("click", "m", NOON + after, NOON + after, machine, agent_of(agent), link)


def answer(kind: AnswerKind, after: int) -> Answer:
    """Something that the person did so many ms after noon."""
    return Answer(kind, NOON + after, NOON + after)


def scan(after: int, agent: str | None = CHROME, links: int = 6, apart: int = 300) -> list[Act]:
    """Every link of the message, one after the other."""
    return [clicked(after + number * apart, agent, number) for number in range(links)]


def judged(act: Act, *others: Act | Answer | Arrival, arrived: Arrival | None = DELIVERED) -> Judgement:
    """`act` with all else that is known; its message was delivered at noon unless told."""
    known = Known(
        acts=[act, *(one for one in others if isinstance(one, Act))],
        arrivals=[*(one for one in others if isinstance(one, Arrival)), *([] if arrived is None else [arrived])],
        answers=[one for one in others if isinstance(one, Answer)],
    )
    return judge(act, known)


def p_human(act: Act, *others: Act | Answer | Arrival, arrived: Arrival | None = DELIVERED) -> float:
    """P(human) of `act`."""
    return judged(act, *others, arrived=arrived).probability
