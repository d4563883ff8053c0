"""The oracle's recount of `provenance`: where what is known of a person comes from, and which addresses with it."""

from streams.demo.recount import CountedEvent, Profile, moment, text_of
from streams.demo.recount_addresses import Identify, named_addresses

_MESSAGES = ("email.", "text.")


def provenance(told: list[CountedEvent], identify: Identify) -> Profile:
    """The field `provenance` of a profile; no field where nobody has said. Messages do not say it."""
    found: list[tuple[Profile, list[CountedEvent]]] = []
    for one in told:
        if (said := _said(one)) is None:
            continue
        for other, naming in found:
            if other == said:
                naming.append(one)
                break
        else:
            found.append((said, [one]))
    entries = [_entry(said, naming, identify) for said, naming in found]
    return {"provenance": entries} if entries else {}


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
