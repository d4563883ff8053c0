"""What needs somebody now, in sentences, worst first: the first block of `/`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import orjson
from msgspec import Struct

from events.experiment_results import ExperimentSummary
from sinks.base import SinkUnavailable
from sinks.holds import Hold
from sinks.results import ResultsReader
from streams.domain.experiments.report.verdicts import worst_messages
from streams.domain.messages import TEMPLATES, CodedMessage, Field, Instant, Listed, Share, message, visible_message
from streams.domain.pressure.rates import CampaignRates
from streams.operations.status.alert_rules import AlertFinding, findings
from streams.services.console import desk_campaigns, desk_notices
from streams.services.console.campaign_rates import Rate, rates_of
from streams.services.console.desk_campaigns import Campaign
from streams.services.console.desk_schema import MINUTE_MS
from streams.services.console.live import why_withheld
from streams.services.console.maps import region_name
from streams.services.console.page import Loaded, PageRequest, Withheld
from streams.services.console.pages.campaigns import (
    address_of,
    covers,
    holds_of,
    on_hold,
    recent,
)
from streams.services.console.pages.field import QUIET_MS, quiet_turfs
from streams.services.console.pages.person_alerts import last_day, path_of
from streams.services.console.rights import may
from streams.services.console.standing import Standing, standing_of
from streams.services.console.words import Words

Severity = Literal["alarm", "caution", "remark"]
_ORDER: Mapping[Severity, int] = {"alarm": 0, "caution": 1, "remark": 2}


class Need(Struct, frozen=True):
    """Something that needs somebody.

    `href`: where to act on it, or what to do; `campaign`: which one Hold would hold, '' for none.
    """

    severity: Severity
    what: CodedMessage
    href: str
    campaign: str = ""


async def load_needs(asked: PageRequest) -> Loaded:
    """What needs somebody, worst first."""
    viewer, words = asked.viewer, asked.words
    needs = [*_findings(asked), *await _experiments(asked)]
    lacking = []
    if asked.deps.observer.last() is None:
        lacking.append(
            words.text("Kafka and Redis are being checked: it is not known yet whether records are processed.")
        )
    fresh = Standing(asked.wall_ms, None)
    try:
        needs += of_alerts(await asked.ask(desk_notices.alerts_by_rule, last_day(asked.now_ms), viewer.scope))
        if may(viewer, "see_field"):
            quiet = await asked.ask(quiet_turfs, asked.now_ms, viewer.scope)
            needs += of_quiet_turfs(quiet, words)
        if may(viewer, "see_campaigns"):
            needs += await _campaigns(asked)
        fresh = await standing_of(asked)
    except Withheld as why:
        lacking.append(why_withheld(why, words))
    needs.sort(key=lambda each: _ORDER[each.severity])
    return Loaded({"needs": needs, "lacking": " ".join(lacking)}, fresh.as_of_ms, fresh.stopped_at_ms)


async def _campaigns(asked: PageRequest) -> list[Need]:
    scope = asked.viewer.scope
    found = await asked.ask(desk_campaigns.campaigns, recent(asked.now_ms), scope)
    rates = asked.deps.judge.policy.rates
    holds = await holds_of(asked)
    held = None if holds is None else {
        name: Hold(name, asked.by_clock(each.until))
        for name, each in on_hold(holds, asked.wall_ms).items()
    }  # fmt: skip
    mine = {each.campaign for each in found if covers(scope, each.teams)} if may(asked.viewer, "hold") else ()
    return [
        each if each.campaign in mine else Need(each.severity, each.what, each.href)
        for each in of_campaigns(found, rates, held, asked.now_ms, asked.words)
    ]


def _findings(asked: PageRequest) -> Iterator[Need]:
    """What `harmonia status` finds: all of it for who is on call, for others what stops everything."""
    seen = asked.deps.observer.last()
    return iter(()) if seen is None else of_findings(findings(seen), on_call=may(asked.viewer, "see_status"))


def of_findings(found: Sequence[AlertFinding], *, on_call: bool) -> Iterator[Need]:
    """Findings of the status as needs."""
    for each in found:
        pages = each.severity == "page"
        if not on_call and not pages and each.alert != "SourceQuarantined":
            continue
        runbook = each.runbook.removeprefix("docs/runbooks/").removesuffix(".md")
        yield Need("alarm" if pages else "caution", each.reason, f"/status/{runbook}")


async def _experiments(asked: PageRequest) -> list[Need]:
    """Experiments that are broken or do harm; of all regions, so for those who see all."""
    scope = asked.viewer.scope
    if not may(asked.viewer, "see_experiments") or scope.regions is not None or scope.committees is not None:
        return []
    try:
        seen = await ResultsReader(asked.redis, asked.deps.settings.profiles_oldest_s).all()
    except SinkUnavailable:
        return []
    return [*of_experiments([orjson.loads(line) for line in seen.lines.values()])]


def of_experiments(summaries: Sequence[ExperimentSummary]) -> Iterator[Need]:
    """What speaks against experiments, worst first of each."""
    for summary in sorted(summaries, key=lambda each: each["experiment"]):
        name = summary["experiment"]
        for what in worst_messages(summary):
            told = visible_message(message("tonight.experiment", experiment=name, what=what))
            yield Need("alarm", told, f"/experiments/{name}")


def of_alerts(counts: Mapping[str, int]) -> Iterator[Need]:
    """Alerts about people, counted by rule. Those of campaigns follow from their rates."""
    for rule, count in counts.items():
        code = f"tonight.{rule}"
        if code in TEMPLATES:
            severity: Severity = "alarm" if rule == "touch_after_stop" else "caution"
            yield Need(severity, message(code, n=count), path_of(rule))


def of_quiet_turfs(quiet: Mapping[str, Sequence[str]], words: Words) -> Iterator[Need]:
    """Turfs where somebody was and nobody is any more, by region."""
    for region, turfs in sorted(quiet.items()):
        named = Listed(tuple(turfs[:_MOST_TURFS]), max(0, len(turfs) - _MOST_TURFS))
        told = message(
            "tonight.quiet_turfs",
            n=len(turfs),
            region=words.text(region_name(region)),
            turfs=named,
            minutes=QUIET_MS // MINUTE_MS,
        )
        yield Need("caution", visible_message(told), f"/field/{region}")


_MOST_TURFS = 5


def of_campaigns(
    found: Sequence[Campaign], rates: CampaignRates, held: Mapping[str, Hold] | None, now_ms: int, words: Words
) -> Iterator[Need]:
    """Campaigns near or over a limit, unless they are on hold, and those on hold. `held` None: nobody knows which."""
    if held is None:
        yield Need("caution", message("tonight.holds_unknown"), "/status/permissions-stale")
        held = {}
    names = {each.campaign for each in found}
    for each in found:
        if each.campaign not in held and now_ms - each.last_ms <= rates.window:
            yield from (_of_rate(each.campaign, rate, words) for rate in rates_of(each, rates) if rate.reach)
    for name, hold in sorted(held.items()):
        if name in names:
            until: dict[str, Field] = {} if hold.until is None else {"until": Instant(hold.until, words.zone)}
            code = "tonight.held" if hold.until is None else "tonight.held_until"
            yield Need("remark", visible_message(message(code, campaign=name, **until)), address_of(name))


def _of_rate(campaign: str, rate: Rate, words: Words) -> Need:
    told = message(
        f"tonight.{rate.rule}_{rate.reach}",
        campaign=campaign,
        mailbox=words.name("at_mailbox", rate.mailbox),
        share=Share(rate.share or 0, digits=2),
        limit=Share(rate.limit, digits=2),
    )
    return Need("alarm" if rate.reach == "over" else "caution", visible_message(told), address_of(campaign), campaign)
