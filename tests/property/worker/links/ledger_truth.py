"""The addresses of a person and the channels that are closed to everyone, by plain loops over all that was said."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol, get_args

from events.channels import Purpose
from events.envelope import Interaction
from events.json_types import JSON
from events.times import parse_time, render_time

CHANNELS = ("email", "text", "phone", "door", "letter")
BADNESS = ("ok", "soft_bouncing", "wrong_number", "hard_bounced", "complained")
_NAMED_BY = {"donation.made": "donation_id", "donation.refunded": "refund_id", "canvass.reported": "report_id"}
_REASONS = {
    "email.unsubscribed": "unsubscribed",
    "email.complained": "complained",
    "text.opted_out": "opted_out",
    "consent.changed": "consent_withdrawn",
}


class Counted(Protocol):
    """One interaction that counts, with the hashes that it named."""

    @property
    def said(self) -> Interaction: ...
    @property
    def named(self) -> Mapping[str, str]: ...
    @property
    def stamp(self) -> tuple[int, str, str]: ...


def addresses(counted: Iterable[Counted], newest: Mapping[str, str]) -> list[JSON]:
    """What `addresses` of a profile has to be. `newest`: the hash of today by those under older keys."""
    told = [each for each in one_version_each(counted) if not each.said.type.startswith("contact.")]
    found: dict[tuple[str, str], list[Counted]] = {}
    for each in told:
        for name in each.named:
            kind, _, digits = newest.get(name, name).partition(":")
            if kind in ("email", "phone"):
                found.setdefault((kind, digits[:16]), []).append(each)
    return [
        {"ref": ref, "channel": kind, "status": _of_mail(naming) if kind == "email" else _of_phone(naming)}
        for (kind, ref), naming in sorted(found.items())
    ]


def best(known: Iterable[JSON]) -> str:
    """What `email.status` has to be."""
    emails = [each["status"] for each in known if isinstance(each, dict) and each["channel"] == "email"]
    return min((str(status) for status in emails), key=BADNESS.index, default="ok")


def one_version_each(counted: Iterable[Counted]) -> list[Counted]:
    """In order; of each gift, refund and report the first version."""
    seen: set[tuple[str, JSON]] = set()
    first = []
    for each in sorted(counted, key=lambda each: each.stamp):
        name = each.said.type, field(each, _NAMED_BY.get(each.said.type, ""))
        if name[1] is None or name not in seen:
            seen.add(name)
            first.append(each)
    return first


def _of_mail(naming: Sequence[Counted]) -> str:
    delivered = max((each.stamp for each in naming if each.said.type == "email.delivered"), default=(0, "", ""))
    bounces = [(each.stamp, field(each, "kind")) for each in naming if each.said.type == "email.bounced"]
    if any(each.said.type == "email.complained" for each in naming):
        return "complained"
    if any(kind == "hard" for _, kind in bounces):
        return "hard_bounced"
    return "soft_bouncing" if sum(stamp > delivered for stamp, _ in bounces) >= 3 else "ok"


def _of_phone(naming: Iterable[Counted]) -> str:
    return "wrong_number" if any(field(each, "outcome") == "wrong_number" for each in naming) else "ok"


def closed(counted: Iterable[Counted]) -> dict[str, JSON]:
    """What `contact-suppressions` has to say; empty if all is open."""
    told = one_version_each(counted)
    last = suppression(told)
    found = {} if last is None else dict.fromkeys(CHANNELS, why("suppressed", last, field(last, "until")))
    found |= dict(_by_consent(told))
    for outcome in ("do_not_contact", "deceased"):
        for each in told:
            if field(each, "outcome") == outcome:
                found |= dict.fromkeys(CHANNELS, why(outcome, each))
    return found


def suppression(told: Iterable[Counted]) -> Counted | None:
    """The suppression that binds. One that ends before it begins never was; one that ends as it begins lifts."""
    told = [each for each in told if each.said.type == "contact.suppressed"]
    said = [each for each in told if str(field(each, "until") or "9") >= render_time(each.said.time)]
    last = max(said, key=lambda each: each.stamp, default=None)
    return None if last is None or field(last, "until") == render_time(last.said.time) else last


def _by_consent(told: Iterable[Counted]) -> Iterator[tuple[str, JSON]]:
    words = [each for each in told if each.said.type in _REASONS]
    for channel in CHANNELS:
        about = [each for each in words if _is_of(each, channel)]
        refused = [each for each in about if field(each, "granted") is not True]
        yes = max((each.said.time for each in about if field(each, "granted") is True), default=0)
        binding = [each for each in refused if each.said.time >= yes]
        complaints = [each for each in refused if each.said.type == "email.complained"]
        if complaints or binding:
            last = (complaints or binding)[-1]
            yield channel, why(_REASONS[last.said.type], last)


def _is_of(each: Counted, channel: str) -> bool:
    """Whether it speaks of a whole channel."""
    if field(each, "list_id") or field(each, "sender"):
        return False
    if each.said.type == "consent.changed" and field(each, "purpose"):
        known = (*get_args(Purpose), "mobilization", "online_ads")
        if field(each, "granted") is True or str(field(each, "purpose")).lower() in known:
            return False
    if each.said.type == "consent.changed":
        return field(each, "channel") in (channel, "all")
    return each.said.type.startswith(f"{channel}.")


def consent_ledger(told: Iterable[Counted]) -> list[JSON]:
    """What `consent_ledger` of a profile has to be: every word, whichever identifier it came under."""
    return [_word(each) for each in sorted(told, key=lambda each: each.stamp) if each.said.type in _REASONS]


def provenance(counted: Iterable[Counted]) -> list[JSON]:
    """What `provenance` of a profile has to be: what is the same is one entry, but for what came after a notice."""
    saying = [each for each in one_version_each(counted) if getattr(each.said.data, "provenance", None) is not None]
    told = [each.said for each in saying if "notice" in _source(each.said)]
    found: dict[str, list[Counted]] = {}
    for each in saying:
        source = _source(each.said)
        got = min(each.said.time, _ms(source.get("obtained_at"), each.said.time))
        before = 0 if "notice" in source else sum(_is_about(one, source) and _given(one) < got for one in told)
        found.setdefault(repr((sorted(source.items()), before)), []).append(each)
    return [_item(naming) for naming in found.values()]


def _is_about(told: Interaction, source: dict[str, JSON]) -> bool:
    theirs = _source(told)
    return (theirs["kind"], theirs.get("file")) == (source["kind"], source.get("file"))


def _given(told: Interaction) -> int:
    return _ms(_source(told).get("notice_at"), told.time)


def _ms(text: JSON, otherwise: int) -> int:
    return otherwise if text is None else parse_time(str(text)) or otherwise


def _source(said: Interaction) -> dict[str, JSON]:
    """What it says of its source; how and when a notice was given means nothing without its version."""
    source: dict[str, JSON] = getattr(said.data, "provenance").plain()  # noqa: B009
    return source if "notice" in source else {name: source[name] for name in source if not name.startswith("notice")}


def _item(naming: Sequence[Counted]) -> JSON:
    first = naming[0].said
    names = {name for each in naming for name in each.named if name.startswith(("email:", "phone:"))}
    pairs = [name.split(":") for name in sorted(names) if _source(first)["kind"] != "forgotten"]
    return _source(first) | {
        "first_at": render_time(first.time),
        "last_at": render_time(naming[-1].said.time),
        "count": len(naming),
        "addresses": [{"ref": digits[:16], "channel": kind} for kind, digits in pairs],
        "source": first.source,
        "id": first.id,
    }


def _word(each: Counted) -> JSON:
    said, is_changed = each.said, each.said.type == "consent.changed"
    word: dict[str, JSON] = {
        "type": said.type,
        "channel": field(each, "channel") if is_changed else said.type.partition(".")[0],
        "granted": is_changed and field(each, "granted"),
        "at": render_time(said.time),
        "source": said.source,
        "id": said.id,
    }
    named = "list_id", "sender", "purpose", "controller", "wording", "proof", "basis"
    told = {name: field(each, name) for name in named}
    return word | {name: value for name, value in told.items() if value and " " not in str(value)}


def field(each: Counted, name: str) -> JSON:
    """A field of `data` that this type may not have."""
    return getattr(each.said.data, name, None)


def why(reason: str, each: Counted, until: JSON = None) -> JSON:
    """Why a channel is closed."""
    said = each.said
    stop: dict[str, JSON] = {"reason": reason, "since": render_time(said.time), "source": said.source, "id": said.id}
    return stop if until is None else {**stop, "until": until}
