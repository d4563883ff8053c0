"""Where what is known of a person comes from, and where one of their addresses does: "where did you get my number?"."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from streams.cli.output import print_lines
from streams.cli.profile_tables import cell_text

if TYPE_CHECKING:
    from events.outputs import AddressRef, ProvenanceItem

KINDS: Mapping[str, str] = {
    "self": "the person",
    "voter_list": "an electoral roll",
    "rented": "a hired list",
    "sponsorship": "somebody who knows them",
    "canvass": "a canvasser",
    "vendor": "a supplier of data",
    "petition": "a file of a petition",
    "staff": "a file of staff",
    "civic_register": "a register of an authority",
}
"""From whom, in words."""

NOT_SAID = (
    "no interaction says where what is known of this person comes from; `harmonia contact show --history` has the "
    "interactions, each with its source"
)


def naming(entries: Sequence[ProvenanceItem], refs: Collection[str]) -> list[ProvenanceItem]:
    """The entries whose interactions named one of these addresses, as it is called in profiles."""
    return [entry for entry in entries if any(address["ref"] in refs for address in entry["addresses"])]


def print_origins(entries: Sequence[ProvenanceItem], refs: Collection[str]) -> None:
    """Print the entries. `refs`: of the address that was asked about, by each key; empty: somebody was asked about."""
    if not entries:
        print_lines([NOT_SAID])
        return
    if not refs:
        print_lines(line for entry in entries for line in _lines(entry))
        return
    of_address = naming(entries, refs)
    print_lines(["this address"] if of_address else ["no interaction that names this address says where it comes from"])
    print_lines(f"  {line}" for entry in of_address for line in _lines(entry))
    others = [entry for entry in entries if entry not in of_address]
    print_lines(["", "all else that is known of the person"] if others else [])
    print_lines(f"  {line}" for entry in others for line in _lines(entry))


def _lines(entry: ProvenanceItem) -> list[str]:
    """An entry for people; its first line says from whom, and what is not known has none."""
    first, last = cell_text(entry["first_at"]), cell_text(entry["last_at"])
    times = "once" if entry["count"] == 1 else f"{entry['count']} times"
    obtained = entry.get("obtained_at")
    said = {
        "file": entry.get("file", ""),
        "obtained": "" if obtained is None else cell_text(obtained),
        "notice": entry.get("notice", ""),
        "addresses": ", ".join(_address(address) for address in entry["addresses"]),
        "first said by": f"{entry['source']} {entry['id']}",
    }
    said_when = f"{times}, {first}" if first == last else f"{times}, {first} to {last}"
    head = f"{KINDS.get(entry['kind'], entry['kind'])}: {said_when}"
    return [head, *(f"  {name}: {words}" for name, words in said.items() if words)]


def _address(address: AddressRef) -> str:
    return f"{cast(str, address['channel'])}:{address['ref'][:8]}…"
