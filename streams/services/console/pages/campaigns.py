"""`/campaigns` and `/campaigns/{id}`: how mailings are received, against the policy's limits, and Hold.

Figures are those of the desk; whether a campaign is on hold is what Redis says, from which every answer comes.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Literal
from urllib.parse import quote

from markupsafe import Markup
from msgspec import Struct
from msgspec.structs import replace

from sinks.base import SinkUnavailable
from sinks.holds import AllHolds, Hold, find_all_holds
from streams.domain.pressure.rates import CampaignRates
from streams.services.console import desk_campaigns, desk_notices
from streams.services.console.campaign_rates import Rate, provider_rates, rate_bar, rate_text, rates_of, worst_of
from streams.services.console.desk_campaigns import Campaign, Provider
from streams.services.console.desk_cells import Span
from streams.services.console.desk_schema import CELLS_KEPT_MS, HOUR_MS
from streams.services.console.opens import assigned_opens, mail_opens, results_of
from streams.services.console.page import Block, Loaded, Page, PageRefused, PageRequest
from streams.services.console.rights import EVERYTHING, Cell, Scope, lacking, may, merge_small
from streams.services.console.standing import STALE_S, standing_of
from streams.services.console.words import Words

EVERY_S = 2
AHEAD_MS = round(timedelta(minutes=5) / timedelta(milliseconds=1))
"""How far clocks of senders may be ahead."""
ORDERED_HERE = "console/"
"""Stands before the name of whoever orders something from a page."""


class ProviderView(Struct, frozen=True):
    """A line of the table of providers. `chart`: complaints against their limit."""

    mailbox: str
    sent: int
    delivered: int
    complaints: Rate
    unsubscribes: Rate
    chart: Markup


class CampaignView(Struct, frozen=True):
    """A line of the list. `worst`: the rate that is nearest to its limit. None: nothing of the kind was heard.

    `unsubscribed`: who has left a list or answered STOP. Nobody says whether a STOP that names neither campaign nor
    text is of this one, so of texts no STOP is no 0.
    """

    campaign: str
    teams: str
    sent: int | None
    delivered: int | None
    clicked: int | None
    unsubscribed: int | None
    complained: int | None
    worst: Rate | None
    chart: Markup
    last_ms: int
    hold: Hold | None


class HoldState(Struct, frozen=True):
    """What Redis says of a campaign. `known`: False while it cannot say.

    `by`, `at_ms`: of the order, as the desk has it. `may_act`: whether the reader may hold and lift it. `as_of_ms`:
    when a worker last said that this is so; `is_late`: that is too long ago to say that it still is.
    """

    known: bool
    hold: Hold | None
    by: str | None
    at_ms: int | None
    may_act: bool
    as_of_ms: int | None = None
    is_late: bool = False


def recent(now_ms: int) -> Span:
    """The time of which figures are kept, from a full hour on."""
    return Span((now_ms - CELLS_KEPT_MS) // HOUR_MS * HOUR_MS, now_ms + AHEAD_MS)


async def load_list(asked: PageRequest) -> Loaded:
    """All campaigns of which anything was heard in nine days: those on hold or near a limit first."""
    found = await asked.ask(desk_campaigns.campaigns, recent(asked.now_ms), asked.viewer.scope)
    holds = await holds_of(asked)
    rows = listed(found, asked.deps.judge.policy.rates, on_hold(holds, asked.wall_ms), asked.words)
    fresh = await standing_of(asked)
    unheard = held_unheard(holds, found, asked) if covers(asked.viewer.scope, ()) else []
    shown = {"rows": rows, "unheard": unheard, "knows_holds": holds is not None, "rate_text": rate_text}
    return Loaded(shown, fresh.as_of_ms, fresh.stopped_at_ms)


def on_hold(holds: Sequence[Hold] | None, now_ms: int) -> Mapping[str, Hold]:
    """The holds that bind now, by campaign."""
    return {each.campaign_id: each for each in holds or () if each.binds(now_ms)}


def is_so_already(act: Literal["hold", "lift"], campaign: str, holds: AllHolds | None, now_ms: int) -> bool:
    """Whether Redis shows what an act wants: a hold without an end, or none.

    False where Redis has no holds at all, or those of a while ago: the opposite may have been ordered since.
    """
    if holds is None or is_late(holds.as_of, now_ms):
        return False
    found = on_hold(holds.holds, now_ms).get(campaign)
    return found is None if act == "lift" else found is not None and found.until is None


def held_unheard(holds: Sequence[Hold] | None, found: Sequence[Campaign], asked: PageRequest) -> list[str]:
    """Campaigns on hold of which nothing was heard, for those who see every team."""
    if asked.viewer.scope.teams is not None:
        return []
    return sorted(on_hold(holds, asked.wall_ms).keys() - {each.campaign for each in found})


def listed(
    found: Sequence[Campaign], rates: CampaignRates, holds: Mapping[str, Hold], words: Words
) -> list[CampaignView]:
    """The lines of the list: what is on hold or near a limit first, then what was heard of last."""
    rows = [_line(each, rates, holds.get(each.campaign), words) for each in found]
    return sorted(rows, key=lambda row: (row.hold is None, row.worst is None or not row.worst.reach, -row.last_ms))


def _line(campaign: Campaign, rates: CampaignRates, hold: Hold | None, words: Words) -> CampaignView:
    worst = worst_of(rates_of(campaign, rates))
    types = campaign.types
    mails = any(name.startswith("email.") for name in types)
    stops = _sum(types, "email.unsubscribed", "text.opted_out")
    reached = _sum(types, "email.sent", "text.sent"), _sum(types, "email.delivered", "text.delivered")
    return CampaignView(
        campaign=campaign.campaign,
        teams=", ".join(filter(None, campaign.teams)),
        sent=reached[0],
        delivered=reached[1],
        clicked=campaign.clicked if "email.clicked" in types else 0 if mails else None,
        unsubscribed=stops if stops is not None else 0 if mails else None,
        complained=types.get("email.complained", 0) if mails else None,
        worst=worst,
        chart=Markup("") if worst is None else rate_bar(worst, words),
        last_ms=campaign.last_ms,
        hold=hold,
    )


def _sum(types: Mapping[str, int], *names: str) -> int | None:
    found = [types[name] for name in names if name in types]
    return sum(found) if found else None


async def enter(asked: PageRequest) -> None:
    """Raises PageRefused for a campaign that nothing names in the viewer's scope, and that is not on hold either."""
    await teams_of(asked, asked.params["campaign"])


async def teams_of(asked: PageRequest, name: str) -> tuple[str, ...]:
    """The teams that name a campaign, also those outside the viewer's scope.

    Raises PageRefused where the viewer may not know of it, and writes that down.
    """
    whole = await _whole(asked, name)
    if whole is None:
        scope = asked.viewer.scope
        if scope == EVERYTHING and name in on_hold(await holds_of(asked), asked.wall_ms):
            return ()
        raise PageRefused.not_found()
    if await asked.ask(desk_campaigns.campaign, name, recent(asked.now_ms), asked.viewer.scope) is None:
        asked.deps.metrics.refused.labels("scope").inc()
        await asked.deps.views.out_of_scope(asked.viewer, f"campaign {name}")
        raise PageRefused.not_found()
    return whole.teams


async def _whole(asked: PageRequest, name: str) -> Campaign | None:
    """A campaign with what is outside the viewer's scope, which must not be shown."""
    return await asked.ask(desk_campaigns.campaign, name, recent(asked.now_ms), EVERYTHING)


async def load_hold(asked: PageRequest) -> Loaded:
    """Whether the campaign is on hold as of when a worker last said so, and the forms that hold and lift it."""
    name = asked.params["campaign"]
    found = await look_at_holds(asked)
    holds, as_of = (None, None) if found is None else (found.holds, found.as_of)
    now = asked.wall_ms
    ordered = await asked.ask(desk_notices.holds, Span(0, now + AHEAD_MS))
    whole = await _whole(asked, name)
    teams = () if whole is None else whole.teams
    state = as_of_then(hold_state(name, holds, ordered, now, may_act=may_hold(asked, teams)), as_of, now)
    by = "" if state.by is None else called(state.by, asked)
    return Loaded({"campaign": name, "state": state, "by": by, "by_clock": asked.by_clock}, as_of)


def called(by: str, asked: PageRequest) -> str:
    """Whoever ordered something, as the reader says it where pages have a word for them."""
    label = asked.deps.called.get(by.removeprefix(ORDERED_HERE))
    return by if label is None else asked.words.text(label)


async def enter_hold(asked: PageRequest) -> None:
    """Raises PageRefused for a campaign that the viewer may not know of, or may not hold."""
    teams = await teams_of(asked, asked.params["campaign"])
    if not may_hold(asked, teams):
        raise PageRefused.not_allowed(lacking(asked.viewer, "hold"))


async def load_confirm(asked: PageRequest) -> Loaded:
    """What a hold does, and the form that orders it: a stray click on Hold orders nothing."""
    name = asked.params["campaign"]
    held = on_hold(await holds_of(asked), asked.wall_ms).get(name)
    return Loaded({"campaign": name, "hold": held, "by_clock": asked.by_clock}, None)


def may_hold(asked: PageRequest, teams: Sequence[str]) -> bool:
    """Whether the reader may hold and lift a campaign of these teams: a hold binds all of it, in every region."""
    return may(asked.viewer, "hold") and covers(asked.viewer.scope, teams)


def covers(scope: Scope, teams: Sequence[str]) -> bool:
    """Whether somebody sees all of a campaign of these teams."""
    return scope.regions is None and all(scope.has_team(team) for team in teams)


def hold_state(
    name: str, holds: Sequence[Hold] | None, ordered: Sequence[desk_notices.Hold], now_ms: int, *, may_act: bool
) -> HoldState:
    """What is said of a campaign: held only where Redis says so, and by whom, where the desk has the order."""
    found = on_hold(holds, now_ms).get(name)
    orders = [each for each in ordered if each.campaign == name]
    latest = orders[-1] if orders and found is not None else None
    by, at = (None, None) if latest is None else (latest.by, latest.at_ms)
    return HoldState(holds is not None, found, by, at, may_act)


def as_of_then(state: HoldState, as_of_ms: int | None, now_ms: int) -> HoldState:
    """What is said of a hold, as of when a worker last said so."""
    return replace(state, as_of_ms=as_of_ms, is_late=state.known and is_late(as_of_ms, now_ms))


def is_late(as_of_ms: int | None, now_ms: int) -> bool:
    """Whether it is too long ago that a worker last said which holds there are."""
    return as_of_ms is None or now_ms - as_of_ms > 1000 * STALE_S


async def load_providers(asked: PageRequest) -> Loaded:
    """What became of the mail at each provider."""
    found = await _campaign(asked)
    providers = () if found is None else found.providers
    rates = asked.deps.judge.policy.rates
    rows = [provider_view(each, rates, asked.words) for each in providers]
    fresh = await standing_of(asked)
    return Loaded({"rows": rows, "minimum": rates.minimum}, fresh.as_of_ms, fresh.stopped_at_ms)


def provider_view(provider: Provider, rates: CampaignRates, words: Words) -> ProviderView:
    """A line of the table of providers."""
    complaints, unsubscribes = provider_rates(provider, rates)
    name = words.name("mailbox", provider.mailbox or "other")
    chart = rate_bar(complaints, words) if complaints.is_judged else Markup("")
    return ProviderView(name, provider.sent, provider.delivered, complaints, unsubscribes, chart)


async def load_opens(asked: PageRequest) -> Loaded:
    """Opens as they were reported, those by people, and those that the experiments of the campaign count."""
    found = await _campaign(asked)
    mail = [] if found is None or "email.opened" not in found.types else [mail_opens(found)]
    names = await asked.ask(desk_campaigns.experiments_of, asked.params["campaign"]) if mail else []
    counted = [*assigned_opens(await results_of(asked, names), asked.words)]
    fresh = await standing_of(asked)
    return Loaded({"mail": mail, "counted": counted}, fresh.as_of_ms, fresh.stopped_at_ms)


async def load_acts(asked: PageRequest) -> Loaded:
    """All that was heard of the campaign, by type, and the money that came, for who may see that."""
    found = await _campaign(asked)
    sees = may(asked.viewer, "see_money")
    every = await asked.ask(desk_campaigns.campaigns, recent(asked.now_ms), asked.viewer.scope) if sees else ()
    shows = found is not None and found.campaign in with_money(every)
    fresh = await standing_of(asked)
    return Loaded({"found": found, "shows_money": shows}, fresh.as_of_ms, fresh.stopped_at_ms)


def with_money(found: Sequence[Campaign]) -> frozenset[str]:
    """The campaigns whose money may be shown: of ten gifts or more, and nobody's gift follows from it and all others'.

    Nobody counts givers; there are no more of them than of gifts.
    """
    cells, _ = merge_small([Cell((each.campaign,), each.types.get("donation.made", 0)) for each in found])
    return frozenset(cell.keys[0] for cell in cells if cell.people)


async def _campaign(asked: PageRequest) -> Campaign | None:
    return await asked.ask(desk_campaigns.campaign, asked.params["campaign"], recent(asked.now_ms), asked.viewer.scope)


async def look_at_holds(asked: PageRequest) -> AllHolds | None:
    """All holds that Redis has, and as of when; None while it has none at all or does not answer."""
    try:
        return await find_all_holds(asked.redis)
    except SinkUnavailable:
        return None


async def holds_of(asked: PageRequest) -> Sequence[Hold] | None:
    """The holds of `look_at_holds`."""
    found = await look_at_holds(asked)
    return None if found is None else found.holds


def address_of(campaign: str) -> str:
    """The path of a campaign's page."""
    return f"/campaigns/{quote(campaign)}"


CAMPAIGNS = Page(
    path="/campaigns",
    name="campaigns",
    title="Campaigns",
    menu="Results",
    act="see_campaigns",
    blocks=(Block("campaigns", EVERY_S, load_list, "campaigns_list.html", "", STALE_S),),
    template="campaigns.html",
)
CAMPAIGN = Page(
    path="/campaigns/{campaign:path}",
    name="campaign",
    title="Campaign",
    act="see_campaigns",
    blocks=(
        Block("hold", EVERY_S, load_hold, "campaign_hold.html", "May it reach people?", STALE_S),
        Block("providers", EVERY_S, load_providers, "campaign_providers.html", "By mailbox provider", STALE_S),
        Block("opens", EVERY_S, load_opens, "opens.html", "Opens, and why their figures differ", STALE_S),
        Block("acts", EVERY_S, load_acts, "campaign_acts.html", "All that was heard", STALE_S),
    ),
    params={"campaign": r".{1,256}"},
    enter=enter,
    template="campaign.html",
)
HOLD = Page(
    path="/hold/{campaign:path}",
    name="hold_campaign",
    title="Hold",
    act="see_campaigns",
    blocks=(Block("confirm", 0, load_confirm, "hold_confirm.html", "What a hold does"),),
    params={"campaign": r".{1,256}"},
    enter=enter_hold,
    template="hold.html",
)
PAGES = (CAMPAIGNS, CAMPAIGN, HOLD)
