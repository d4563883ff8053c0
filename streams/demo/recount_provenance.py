"""The oracle's recount of `provenance`: where what is known of a person comes from, and which addresses with it."""

from streams.demo.recount import CountedEvent, Profile, moment, text_of
from streams.demo.recount_addresses import Identify, named_addresses

_MESSAGES = ("email.", "text.")


def provenance(told: list[CountedEvent], identify: Identify) -> Profile:
    """The field `provenance` of a profile; no field where nobody has said. Messages do not say it.

    Those that say the same are one entry, but for what came after a notice of its kind and file.
    """
    saying = [(one, said) for one in told if (said := _said(one)) is not None]
    notices = [_notice(one, said) for one, said in saying if "notice" in said]
    found: list[tuple[Profile, int, list[CountedEvent]]] = []
    for one, said in saying:
        before = 0 if "notice" in said else _how_many_before(one, said, notices)
        for other, other_before, naming in found:
            if (other, other_before) == (said, before):
                naming.append(one)
                break
        else:
            found.append((said, before, [one]))
    entries = [_entry(said, naming, identify) for said, _, naming in found]
    return {"provenance": entries} if entries else {}


def _notice(one: CountedEvent, said: Profile) -> tuple[object, object, str]:
    """Of what a notice is, and when it was given."""
    return said["kind"], said.get("file"), str(said.get("notice_at", text_of(one.at)))


def _how_many_before(one: CountedEvent, said: Profile, notices: list[tuple[object, object, str]]) -> int:
    """How many notices of its kind and file had been given when it was got."""
    got = min(str(text_of(one.at)), str(said.get("obtained_at", text_of(one.at))))
    return sum((kind, file) == (said["kind"], said.get("file")) and at < got for kind, file, at in notices)


def _said(one: CountedEvent) -> Profile | None:
    said = one.fields.get("provenance")
    if said is None or one.type.startswith(_MESSAGES):
        return None
    found: Profile = {"kind": said["kind"]}
    if (at := said.get("obtained_at")) is not None:
        found["obtained_at"] = text_of(moment(at))
    if (file := said.get("file")) is not None:
        found["file"] = file
    if (notice := said.get("notice")) is not None:
        found["notice"] = notice
        if (way := said.get("notice_by")) is not None:
            found["notice_by"] = way
        if (given := said.get("notice_at")) is not None:
            found["notice_at"] = text_of(moment(str(given)))
    for more in ("purpose", "of_age", "age_band", "sex", "polling_station"):
        if (value := said.get(more)) is not None:
            found[more] = value
    return found


def _entry(said: Profile, naming: list[CountedEvent], identify: Identify) -> Profile:
    addresses = sorted({address for one in naming for address in named_addresses(one.contact, identify, {})})
    return said | {
        "first_at": text_of(naming[0].at),
        "last_at": text_of(naming[-1].at),
        "count": len(naming),
        "addresses": [{"ref": ref, "channel": channel} for channel, ref in addresses],
        "source": naming[0].source,
        "id": naming[0].id,
    }
