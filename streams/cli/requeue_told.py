"""What `requeue` says: what was sent, what was not and why, and what was seen to come back."""

import asyncio
import sys

import orjson
from redis.exceptions import RedisError
from rich.table import Table

from events.json_types import JSON
from sinks.lookup import Found
from streams.cli.letter_lines import cases, console
from streams.cli.person import find, masked
from streams.cli.profile_tables import at, said
from streams.cli.saying import say
from streams.domain.dead_letter_repair.profile_effects import AddedField, leaf_fields
from streams.domain.dead_letter_repair.verdicts import NOT_REQUEUED_TEXTS
from streams.domain.display_names import named
from streams.operations.requeue.dry_run import Rehearsal
from streams.operations.requeue.requeue_run import Account, Order
from streams.platform.settings import Settings

_ONCE = "What a profile holds already under the same source and id is not taken twice."


def account_row(account: Account, order: Order) -> dict[str, JSON]:
    """For a program."""
    mapping = order.rules.mapping
    sent = sorted(account.sent.items())
    return {
        "run": order.rules.run,
        "mapping": None if mapping is None else mapping.version,
        "matched": account.matched,
        "sent": [{"topic": topic, "type": type_ and named(type_), "count": count} for (topic, type_), count in sent],
        "refused": [
            {"reason": reason, "detail": detail, "count": count}
            for (reason, detail), count in account.refused.most_common()
        ],
        "left": {why.value: count for why, count in sorted(account.left.items())},
        "came_back": account.came_back,
        "stopped": account.stopped,
    }


def rehearsal_row(found: Rehearsal, order: Order) -> dict[str, JSON]:
    """For a program; `sent` is what would be."""
    sample: dict[str, JSON] = {name: {each.field: each.value for each in added} for name, added in found.sample.items()}
    return {**account_row(found.account, order), "contacts": len(found.contacts), "adds_alone": sample}


def tell_progress(account: Account) -> None:
    """A line after each batch, for whoever watches."""
    if sys.stderr.isatty():
        say(f"{account.sent.total():,} sent, {account.came_back:,} came back", err=True)


def tell(account: Account, order: Order) -> None:
    """For people."""
    _tell_counts(account, "sent")
    if account.came_back:
        say(f"{account.came_back:,} came back: harmonia dead-letters group --came-back")
    if account.sent:
        say(f"Run {order.rules.run}. {_ONCE}")


def tell_rehearsal(settings: Settings, found: Rehearsal, order: Order) -> None:
    """For people."""
    _tell_counts(found.account, "would be sent")
    say(f"They name {cases(len(found.contacts), 'contact', 'contacts')}. Nothing was sent.")
    for name, added in found.sample.items():
        _tell_added(settings, name, added)
    if found.sample:
        say(f"Dead letters alone: what they say of somebody of whom nothing else is known. {_ONCE}")


def _tell_counts(account: Account, verb: str) -> None:
    say(f"{cases(account.matched, 'dead letter', 'dead letters')} chosen, {account.sent.total():,} {verb}")
    for (topic, type_), count in sorted(account.sent.items()):
        say(f"  {count:>7,}  {topic}: {named(type_)}")
    if account.refused:
        say(f"{account.refused.total():,} would be refused again, so they stay")
    for (reason, detail), count in account.refused.most_common():
        say(f"  {count:>7,}  {reason}: {detail}")
    for why, count in sorted(account.left.items()):
        say(f"{count:,} {NOT_REQUEUED_TEXTS[why]}")


def _tell_added(settings: Settings, name: str, added: list[AddedField]) -> None:
    now = _known(settings, name)
    out = console()
    out.print(f"\n{masked(name)}")
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("  field", overflow="fold")
    table.add_column("now", no_wrap=True)
    table.add_column("dead letters alone", no_wrap=True)
    for each in added:
        shown = "?" if now is None else short(each.field, now.get(each.field))
        table.add_row(f"  {each.field}", shown, short(each.field, each.value))
    out.print(table)


def _known(settings: Settings, name: str) -> dict[str, JSON] | None:
    """What Redis says of them; None: nothing can be asked."""
    try:
        found = asyncio.run(find(settings, name))
    except RedisError:
        return None
    return dict(leaf_fields(orjson.loads(found.profile))) if isinstance(found, Found) else {}


def short(field: str, value: JSON) -> str:
    """What is in a field of the profile: of a time or another text no more than a second takes, amounts as money."""
    if value is None:
        return "-"
    return said(value)[:19] if isinstance(value, str) else at(field, value)
