"""Where what is known of a person, or one address, comes from, and what was agreed to: entries are told in lines."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from streams.cli.output import print_lines
from streams.cli.profile_tables import cell_text
from streams.services.console.names import WAYS

if TYPE_CHECKING:
    from events.outputs import AddressRef, ConsentWord, ProvenanceItem

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
    "forgotten": "a source that was forgotten",
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
        print_lines([*origin_lines(entries), *_IN_UTC])
        return
    of_address = naming(entries, refs)
    print_lines(["this address"] if of_address else ["no interaction that names this address says where it comes from"])
    print_lines(f"  {line}" for line in origin_lines(of_address))
    others = [entry for entry in entries if entry not in of_address]
    print_lines(["", "all else that is known of the person"] if others else [])
    print_lines(f"  {line}" for line in origin_lines(others))
    print_lines(_IN_UTC)


_IN_UTC = ("", "times in UTC")


def origin_lines(entries: Iterable[ProvenanceItem]) -> list[str]:
    """The profile's `provenance` for people."""
    return [line for entry in entries for line in _lines(entry)]


def ledger_lines(words: Iterable[ConsentWord]) -> list[str]:
    """The profile's `consent_ledger` for people: yes or no, to what and when; what was not said has no line."""
    return [line for word in words for line in _word_lines(word)]


_PARTS: Mapping[str, str] = {"list_id": "list", "sender": "sender", "purpose": "purpose"}
_TERMS: Mapping[str, str] = {"controller": "to", "wording": "wording", "proof": "proof", "basis": "basis"}


def _word_lines(word: ConsentWord) -> list[str]:
    said: Mapping[str, object] = {**word}
    parts = [f"{called} {said[name]}" for name, called in _PARTS.items() if name in said]
    about = ", ".join([word["channel"], *parts])
    terms = [f"  {called}: {said[name]}" for name, called in _TERMS.items() if name in said]
    head = f"{'yes' if word['granted'] else 'no'} to {about}: {cell_text(word['at'])}"
    return [head, *terms, f"  said by: {word['type']} {word['source']} {word['id']}"]


_OF_AGE: Mapping[bool | None, str] = {None: "", True: "yes", False: "no"}


def _lines(entry: ProvenanceItem) -> list[str]:
    """An entry for people; its first line says from whom, and what is not known has none."""
    first, last = cell_text(entry["first_at"]), cell_text(entry["last_at"])
    times = "once" if entry["count"] == 1 else f"{entry['count']} times"
    obtained = entry.get("obtained_at")
    said = {
        "file": entry.get("file", ""),
        "purpose": entry.get("purpose", ""),
        "obtained": "" if obtained is None else cell_text(obtained),
        "notice": _notice(entry),
        "of age": _OF_AGE[entry.get("of_age")],
        "age band": entry.get("age_band", ""),
        "sex": entry.get("sex", ""),
        "polling station": entry.get("polling_station", ""),
        "addresses": ", ".join(_address(address) for address in entry["addresses"]),
        "first said by": f"{entry['source']} {entry['id']}",
    }
    said_when = f"{times}, {first}" if first == last else f"{times}, {first} to {last}"
    head = f"{KINDS.get(entry['kind'], entry['kind'])}: {said_when}"
    return [head, *(f"  {name}: {words}" for name, words in said.items() if words)]


def _notice(entry: ProvenanceItem) -> str:
    """The version of the notice, how it was given and when; empty where none is known."""
    from streams.domain.pressure.notices import given_at

    if (at := given_at(entry)) is None:
        return ""
    parts = [entry.get("notice", "")]
    if (way := entry.get("notice_by")) is not None:
        parts.append(WAYS.get(way, way))
    return ", ".join([*parts, cell_text(at)])


def _address(address: AddressRef) -> str:
    return f"{cast(str, address['channel'])}:{address['ref'][:8]}…"
