"""A desk with the evening of an election and the same day of the week before, by a fixed seed, for tests of pages.

The clock stands at `NOW`. In Ohio one turf has few people and one has nobody since an hour, and Nevada has few people
in all; gotv-3 nears its limit of complaints at Gmail, ask-9 is over it; the first committee takes most of the gifts.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

from streams.domain.pressure import Policy, default_policy_text, read_policy
from streams.services.console.desk import Desk
from streams.services.console.desk_schema import DAY_MS, HOUR_MS, MINUTE_MS
from streams.services.console.desk_sums import sum_up
from tests.unit.services.console.desk_records import series_of

NOW = 1_352_254_440_000
"""2012-11-07T02:14Z: 21:14 on election night in New York."""
WEEK_MS = 7 * DAY_MS
STATES = ("US-OH", "US-PA", "US-WI", "US-MI", "US-AZ")
LIMITS = """
[giving.limits]
C00431445 = { "2012-general" = { USD = 250000 } }
"""


def limiting_policy() -> Policy:
    """A policy with a limit for the first committee."""
    found = read_policy(default_policy_text().replace("[giving.limits]", LIMITS))
    assert isinstance(found, Policy)
    return found


def fill_evening(path: Path, wall_ms: int = NOW) -> None:
    """Make the desk; `wall_ms`: when it was last fed."""
    desk = Desk.create(path)
    filling = _Filling(desk, Random(2012))
    with desk.transaction():
        for begin in (NOW - WEEK_MS, NOW):
            filling.mail(begin)
            filling.gifts(begin)
        filling.texts()
        filling.doors()
        filling.doors_of_a_week_ago()
        filling.people()
        desk.run(
            "INSERT INTO hours SELECT minute / :hour * :hour, series, sum(happened), sum(counted), sum(amount), "
            "sum(supporters), sum(machine), min(minute), max(minute) FROM cells GROUP BY 1, 2",
            {"hour": HOUR_MS},
        )
        _others(desk)
        _looks(desk, wall_ms)
        sum_up(desk)
        desk.set_meta("latest_event", NOW - MINUTE_MS)
        desk.set_meta("cells_since", NOW - 9 * DAY_MS)
        desk.set_meta("events_since", NOW - 2 * DAY_MS)
    feed(desk, wall_ms)
    desk.close()


_FED = ("interactions", "contact-state", "campaign-holds", "contact-suppressions", "audit-log", "dead-letters")


def feed(desk: Desk, wall_ms: int) -> None:
    """Say that all topics were read to their ends at a time."""
    rows = [(topic, 0, wall_ms, wall_ms) for topic in _FED]
    desk.run_many("INSERT OR REPLACE INTO positions VALUES (?, ?, 'id', 9, 9, ?, ?)", rows)


class _Filling:
    def __init__(self, desk: Desk, chance: Random) -> None:
        self._desk, self._chance = desk, chance
        self._fragment = 0
        self._event = 0

    def cell(self, at: int, labels: Mapping[str, str], count: int, amount: int = 0, supporters: int = 0) -> int:
        """Add to a cell; returns its series."""
        series = series_of(self._desk, labels)
        minute = at // (5 * MINUTE_MS) * 5 * MINUTE_MS if at < NOW - 2 * DAY_MS else at // MINUTE_MS * MINUTE_MS
        self._desk.run(
            "INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, 0) ON CONFLICT DO UPDATE SET happened = happened + "
            "excluded.happened, counted = counted + excluded.counted, amount = amount + excluded.amount, "
            "supporters = supporters + excluded.supporters",
            (minute, series, count, count, amount, supporters),
        )
        return series

    def mail(self, end: int) -> None:
        """Two sendings, and what came of them."""
        now = end == NOW
        for name, hours_ago, of_gmail, complaints in (
            ("gotv-3" if now else "gotv-2", 3, 31_204, 85 if now else 20),
            ("ask-9" if now else "ask-8", 5, 12_400, 41 if now else 3),
        ):
            begin = end - hours_ago * HOUR_MS
            mail = {"campaign": name, "team": "digital", "channel": "email", "source": "digital/mailer"}
            for mailbox, sent, bad in (("gmail", of_gmail, complaints), ("yahoo", 9_310, 5), ("other", 420, 1)):
                box = {**mail, "mailbox": mailbox}
                for step in range(20):
                    self.cell(begin + step * MINUTE_MS, {**box, "type": "email.sent"}, sent // 20)
                    self.cell(begin + step * MINUTE_MS, {**box, "type": "email.delivered"}, sent // 20 - 3)
                for step in range(10):
                    at = begin + (10 + 4 * step) * MINUTE_MS
                    self.cell(at, {**box, "type": "email.clicked"}, sent // 500 + self._chance.randrange(5))
                    self.cell(at, {**box, "type": "email.unsubscribed"}, sent // 4_000)
                self.cell(begin + 50 * MINUTE_MS, {**box, "type": "email.complained"}, bad)

    def texts(self) -> None:
        """Texts of a campaign that is on hold since."""
        text = {
            "type": "text.sent",
            "campaign": "polls-1",
            "team": "digital",
            "channel": "text",
            "source": "digital/sms",
        }
        for step in range(30):
            self.cell(NOW - (70 - step) * MINUTE_MS, text, 80 + self._chance.randrange(40))

    def gifts(self, end: int) -> None:
        """Gifts of a day, most of them in the evening."""
        for minutes_ago in range(0, 24 * 60, 4):
            few = 3 if 900 < minutes_ago < 1_200 else 1
            for committee, share in (("C00431445", 3), ("C00580100", 1)):
                if few == 3 and committee != "C00431445":
                    continue
                count = 1 + self._chance.randrange(share) if minutes_ago % (4 * few) == 0 and few == 1 else few == 1
                if few == 3 and minutes_ago % 60 == 0:
                    count = 1
                if not count:
                    continue
                amount = sum(self._chance.choice((500, 2_500, 5_000, 25_000)) for _ in range(int(count)))
                gift = {"type": "donation.made", "team": "fundraising", "source": "fundraising/actblue",
                        "currency": "USD", "committee": committee, "campaign": "ask-9"}  # fmt: skip
                self.cell(end - minutes_ago * MINUTE_MS, gift, int(count), amount=amount)
        back = {"type": "donation.refunded", "team": "fundraising", "source": "fundraising/actblue",
                "currency": "USD", "committee": "C00431445", "outcome": "refund"}  # fmt: skip
        self.cell(end - 100 * MINUTE_MS, back, 2, amount=12_500)
        self.cell(end - 90 * MINUTE_MS, {"type": "donation.charge_failed", "team": "fundraising"}, 3)
        self.cell(end - 80 * MINUTE_MS, {"type": "donation.pledge_cancelled", "team": "fundraising"}, 1)

    def doors(self) -> None:
        """Reports of the last eight hours, each with a person."""
        for state, turfs in ((state, 4 if state == "US-OH" else 2) for state in STATES):
            for number in range(1, turfs + 1):
                knocks = 6 if (state, number) == ("US-OH", 4) else 60 + self._chance.randrange(200)
                latest = 95 if (state, number) == ("US-OH", 3) else 1
                self._knock(state, f"{state[3:].lower()}-{number}", knocks, latest)
        self._knock("US-NV", "nv-1", 4, 20)

    def _knock(self, state: str, turf: str, knocks: int, latest: int) -> None:
        for _ in range(knocks):
            at = NOW - (latest + self._chance.randrange(470 - latest)) * MINUTE_MS
            met = self._chance.random() < 0.31
            supports = met and self._chance.random() < 0.5
            labels = {"type": "canvass.reported", "team": "field", "channel": self._chance.choice(("door", "phone")),
                      "source": "field/minivan", "region": state, "turf": turf,
                      "outcome": "contacted" if met else "not_home"}  # fmt: skip
            series = self.cell(at, labels, 1, supporters=int(supports))
            self._event += 1
            values = (self._event, self._event.to_bytes(4, "big"), series, self._named(state, 2 if supports else None),
                      at, f"knock-{self._event}", int(supports))  # fmt: skip
            self._desk.run(
                "INSERT INTO events (seq, key, series, fragment, time, id, supporter, amount, machine, message, "
                "happened, counted) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 1, 1)",
                values,
            )

    def _named(self, state: str, support: int | None = None, failing: int = 0) -> int:
        self._fragment += 1
        number = self._fragment
        self._desk.run("INSERT INTO fragments VALUES (?, ?, ?)", (number, f"van.{number}", number))
        self._desk.run(
            f"INSERT INTO people VALUES ({', '.join('?' * 19)})",
            (number, 1, NOW - DAY_MS, NOW - number, state, None, "America/New_York", support, None, 1, 1, None, "ok", 1,
             0, None, 0, failing, 0),
        )  # fmt: skip
        return number

    def doors_of_a_week_ago(self) -> None:
        """Reports of a week ago, of which people are no longer known."""
        for minutes in range(0, 480, 5):
            labels = {"type": "canvass.reported", "team": "field", "channel": "door", "region": "US-OH"}
            at = NOW - WEEK_MS - minutes * MINUTE_MS
            self.cell(at, {**labels, "outcome": "contacted"}, 5 + self._chance.randrange(5), supporters=3)
            self.cell(at, {**labels, "outcome": "not_home"}, 14 + self._chance.randrange(5))

    def people(self) -> None:
        """People with ballots, pledges and gifts near the limit."""
        ballots = [("US-OH", "rejected", 31), ("US-OH", "cured", 12), ("US-PA", "rejected", 24),
                   ("US-NV", "rejected", 3), ("US-WI", "cured", 4), ("US-WI", "rejected", 15)]  # fmt: skip
        for state, status, count in ballots:
            for _ in range(count):
                row = (self._named(state), "2012-general", status, NOW - HOUR_MS)
                self._desk.run("INSERT INTO ballots VALUES (?, ?, ?, ?)", row)
        for net in (250_000, 246_500, 231_000, 260_000):
            self._gave(self._named("US-OH"), "C00431445", net)
        for _ in range(40):
            self._gave(self._named("US-PA"), "C00431445", 2_500)
            self._gave(self._named("US-PA"), "C00580100", 5_000)
        for _ in range(2):
            self._named("US-OH", failing=1)

    def _gave(self, person: int, committee: str, net: int) -> None:
        rows = [(person, committee, election, "USD", net, NOW - HOUR_MS) for election in ("", "2012-general")]
        self._desk.run_many("INSERT INTO given VALUES (?, ?, ?, ?, ?, ?)", rows)


def _alerts() -> Iterator[tuple[object, ...]]:
    for number in range(3):
        yield f"a{number}", "over_cap", None, number + 1, NOW - HOUR_MS, "digital: 4 touches", "[]"
    yield "b", "touch_after_stop", None, 9, NOW - HOUR_MS, "digital: by text, opted_out 2h before", "[]"


def _looks(desk: Desk, wall_ms: int) -> None:
    """Looks, lists that were taken, refused records, and who was forgotten; all but these by the wall's clock."""
    looks: list[tuple[object, ...]] = [
        (n, f"r{n}", 0, wall_ms - n * 7 * MINUTE_MS, "nadia", "read", n % 3 + 1, None, "called") for n in range(9)
    ]
    looks.append((9, "r9", 0, wall_ms - 3 * HOUR_MS, "zoe", "read", None, None, "rights"))
    desk.run_many("INSERT INTO views VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", looks)
    taken = [
        ("a", wall_ms - HOUR_MS, "digital", "permission", "gotv-3", "email", 48_210),
        ("b", wall_ms - 2 * HOUR_MS, "", "list", "large-givers", None, None),
    ]
    desk.run_many("INSERT INTO exports VALUES (?, ?, ?, ?, ?, ?, ?)", taken)
    desk.run("INSERT INTO causes VALUES (1, 'invalid_data', 'data.amount: give a whole number', 'intake', "
             "'donation-events', 'fundraising/actblue', 'donation.made')")  # fmt: skip
    letters = [(f"donation-events/0/{n}", 1, wall_ms - n * MINUTE_MS, n % 3 == 0) for n in range(1, 41)]
    desk.run_many("INSERT INTO letters VALUES (?, ?, ?, ?)", letters)
    gone = [(b"1", NOW - 2 * DAY_MS, None), (b"2", NOW - 2 * DAY_MS, None), (b"3", NOW - 40 * DAY_MS, None)]
    desk.run_many("INSERT INTO erased VALUES (?, ?, ?)", gone)


def _others(desk: Desk) -> None:
    desk.run_many("INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?)", list(_alerts()))
    desk.run("INSERT INTO holds VALUES ('polls-1', ?, NULL, 'nadia')", (NOW - 40 * MINUTE_MS,))
