"""Where what is known of a person comes from, and where one of their addresses does: "where did you get my number?"."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from streams.cli.output import print_lines, print_table
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
}
"""From whom, in words."""

_COLUMNS = ("from", "file", "obtained", "notice", "first", "last", "times", "addresses", "first said by")
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
    if refs:
        of_address = naming(entries, refs)
        print_table(_COLUMNS, map(_row, of_address), "this address")
        if not of_address:
            print_lines(["no interaction that names this address says where it comes from", ""])
        others = [entry for entry in entries if entry not in of_address]
        print_table(_COLUMNS, map(_row, others), "all else that is known of the person")
        return
    print_table(_COLUMNS, map(_row, entries))


def _row(entry: ProvenanceItem) -> tuple[str, ...]:
    obtained = entry.get("obtained_at")
    return (
        KINDS.get(entry["kind"], entry["kind"]),
        entry.get("file", ""),
        "" if obtained is None else cell_text(obtained),
        entry.get("notice", ""),
        cell_text(entry["first_at"]),
        cell_text(entry["last_at"]),
        str(entry["count"]),
        ", ".join(_address(address) for address in entry["addresses"]),
        f"{entry['source']} {entry['id']}",
    )


def _address(address: AddressRef) -> str:
    return f"{cast(str, address['channel'])}:{address['ref'][:8]}…"
