"""An oracle of the daily report: recounts a day from what was sent, with plain loops and none of our SQL.

It knows the contract and `docs/insights.md`. What counts, and whether a person clicked, the demo's own oracle says.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from streams.demo.oracle import _what_counts
from streams.demo.recount import CountedEvent, moment, one_version_each
from streams.demo.recount_humans import thousandths
from streams.demo.recount_touches import _messages
from streams.demo.truth import Sent

Recounted = dict[Any, Any]
_SUMS = ("gifts", "gross", "refunded", "donors", "new_donors")


class Recount:
    """Everybody's interactions that count, and of each gift, refund and report one version."""

    def __init__(self, sent: Iterable[Sent], who: Callable[[Sent], str], zone: str) -> None:
        self._zone = ZoneInfo(zone)
        by_person: dict[str, list[Sent]] = defaultdict(list)
        for one in sent:
            by_person[who(one)].append(one)
        self.people = {name: one_version_each(_what_counts(these)) for name, these in by_person.items()}
        self._campaigns = {name: _campaigns(told) for name, told in self.people.items()}
        self._known = {campaign for names in self._campaigns.values() for campaign in names.values()}

    def day(self, day: date) -> Recounted:
        """What the page says of it."""
        return {
            "money": self._money(day),
            "refcodes": self._parts(day, "refcode"),
            "committees": self._parts(day, "committee"),
            "sends": self._sends(day),
            "providers": self._providers(day),
            "methods": self._talks(day, "method", {"door", "phone", "text", "letter", "relational"}),
            "turfs": self._talks(day, "turf", {"door"}),
            "meetings": self._meetings(day),
        }

    def _is_on(self, at: datetime, day: date) -> bool:
        return at.astimezone(self._zone).date() == day

    def _told(self, day: date, *types: str) -> list[tuple[str, CountedEvent]]:
        return [
            (name, one)
            for name, told in self.people.items()
            for one in told
            if one.type in types and self._is_on(one.at, day)
        ]

    def _money(self, day: date) -> Recounted:
        found: Recounted = {}
        for name, one in self._told(day, "donation.made", "donation.refunded"):
            sums = found.setdefault(one.fields["currency"], dict.fromkeys(_SUMS, 0))
            if one.type == "donation.refunded":
                sums["refunded"] += one.fields["amount"]
                continue
            sums["gifts"] += 1
            sums["gross"] += one.fields["amount"]
            gifts = [gift for gift in self.people[name] if gift.type == "donation.made"]
            first_today = next(gift for gift in gifts if self._is_on(gift.at, day))
            if one is first_today:
                sums["donors"] += 1
                sums["new_donors"] += first_today is gifts[0]
        return found

    def _gift_of(self, name: str, refund: CountedEvent) -> CountedEvent | None:
        wanted = refund.fields.get("donation_id")
        return next(
            (
                gift
                for gift in self.people[name]
                if gift.type == "donation.made" and wanted and gift.fields["donation_id"] == wanted
            ),
            None,
        )

    def _parts(self, day: date, field: str) -> Recounted:
        found: dict[tuple[str | None, str], list[int]] = defaultdict(lambda: [0, 0, 0])
        for name, one in self._told(day, "donation.made", "donation.refunded"):
            part: Any = one.fields.get(field)
            gift = self._gift_of(name, one) if one.type == "donation.refunded" else None
            if part is None and gift is not None:
                part = gift.fields.get(field)
            sums = found[part, one.fields["currency"]]
            if one.type == "donation.made":
                sums[0] += 1
                sums[1] += one.fields["amount"]
            else:
                sums[2] += one.fields["amount"]
        return {key: tuple(sums) for key, sums in found.items()}

    def _campaign(self, name: str, one: CountedEvent) -> str | None:
        message = (one.type.partition(".")[0], one.fields.get("message_id"))
        return one.fields.get("campaign_id") or self._campaigns[name].get(message)

    def _sends(self, day: date) -> Recounted:
        sent: dict[Any, set[Any]] = defaultdict(set)
        delivered: dict[Any, set[Any]] = defaultdict(set)
        clicks: Counter[Any] = Counter()
        left: Counter[Any] = Counter()
        complained: Counter[Any] = Counter()
        raised: dict[Any, Counter[str]] = defaultdict(Counter)
        for name, one in self._told(day, "email.sent", "text.sent"):
            sent[self._campaign(name, one)].add((name, one.fields["message_id"]))
        for name, one in self._told(day, "email.delivered", "text.delivered"):
            delivered[self._campaign(name, one)].add((name, one.fields["message_id"]))
        for name, one in self._told(day, "email.clicked"):
            clicks[self._campaign(name, one)] += thousandths(one, self.people[name])
        for name, one in self._told(day, "email.unsubscribed", "text.opted_out"):
            left[self._campaign(name, one)] += 1
        for name, one in self._told(day, "email.complained"):
            complained[self._campaign(name, one)] += 1
        for name, one in self._told(day, "donation.made"):
            if (campaign := self._raised_by(name, one)) is not None:
                raised[campaign][one.fields["currency"]] += one.fields["amount"]
        return {
            name: (
                *(len(messages[name]) for messages in (sent, delivered)),
                *(counts[name] for counts in (clicks, left, complained)),
                dict(raised[name]),
            )
            for name in {*sent, *delivered, *clicks, *left, *complained, *raised}
        }

    def _raised_by(self, name: str, gift: CountedEvent) -> str | None:
        named = gift.fields.get("campaign_id")
        if named is None and gift.fields.get("refcode") in self._known:
            named = gift.fields["refcode"]
        if named is not None:
            return named if named in self._known else None
        if (gift.fields.get("instalment") or 1) > 1:
            return None
        told = self.people[name]
        asked = [
            touch.shown_by
            for touch in (*_messages(told, "email"), *_messages(told, "text"))
            if touch.purpose == "fundraising" and touch.shown_by.fields.get("campaign_id")
        ]
        asked = [one for one in asked if one.at <= gift.at]
        last = max(asked, key=lambda one: (one.at, one.source, one.id), default=None)
        if last is None or gift.at - last.at > timedelta(days=1):
            return None
        return last.fields["campaign_id"]

    def _providers(self, day: date) -> Recounted:
        delivered = {(name, one.fields["message_id"]) for name, one in self._told(day, "email.delivered")}
        left, complained = self._told(day, "email.unsubscribed"), self._told(day, "email.complained")
        return {"delivered": len(delivered), "unsubscribes": len(left), "complaints": len(complained)}

    def _talks(self, day: date, field: str, methods: set[str]) -> Recounted:
        found: dict[Any, list[int]] = defaultdict(lambda: [0, 0, 0])
        for _, one in self._told(day, "canvass.reported"):
            if one.fields["method"] in methods:
                sums = found[one.fields.get(field)]
                met = one.fields["outcome"] == "contacted"
                sums[0] += 1
                sums[1] += met
                sums[2] += met and one.fields.get("support") in (1, 2)
        return {name: tuple(sums) for name, sums in found.items()}

    def _meetings(self, day: date) -> Recounted:
        words: dict[tuple[str, str, datetime], str] = {}
        for name, told in self.people.items():
            for one in told:  # in order, so the last word stays
                if one.type.startswith("rsvp."):
                    words[name, one.fields["event_id"], moment(one.fields["starts_at"])] = one.type
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for (_, event_id, starts), word in words.items():
            if self._is_on(starts, day):
                found[event_id][word] += 1
        return {
            name: (
                of["rsvp.made"] + of["rsvp.attended"] + of["rsvp.no_show"],
                of["rsvp.attended"],
                of["rsvp.no_show"],
                of["rsvp.cancelled"],
            )
            for name, of in found.items()
        }


def _campaigns(told: list[CountedEvent]) -> dict[tuple[str, str | None], str]:
    """Of each message the campaign that its sending names."""
    found: dict[tuple[str, str | None], str] = {}
    for one in told:
        medium, _, what = one.type.partition(".")
        if medium in ("email", "text") and what in ("sent", "delivered") and one.fields.get("campaign_id"):
            key = medium, one.fields["message_id"]
            found[key] = min(found.get(key, one.fields["campaign_id"]), one.fields["campaign_id"])
    return found
