"""Says which columns of a list may be written into an audience: those that are judged, and those that hold no address.

A row is judged by the columns that name people. Any other may hold an address too, under a name that is not known, and
whoever it belongs to would be in the audience unjudged.
"""

from collections.abc import Sequence

from streams.services.audience import Header


def refused_columns(header: Header, carried: Sequence[str]) -> str | None:
    """Why the columns of a list cannot be written; None: they can. `carried`: names that are said to hold no address.

    A message is one line, and names the cure.
    """
    places = {name: header.place_of(name) for name in header.unread}
    for name in carried:
        if header.place_of(name) is None or header.place_of(name) not in places.values():
            return f"--carry: {name!r}: the list has no such column that is not read; it has {_listed([*places])}"
    said = {header.place_of(name) for name in carried}
    left = [name for name, place in places.items() if place not in said]
    if not left:
        return None
    return (
        f"{_listed(left)}: not read, so whoever has an address there would be in the audience unjudged: take out what "
        "holds addresses or names anybody (or call it email, phone, contact_id, voter_id, external.<system>), and say "
        f"--carry of each that does not, such as --carry {left[-1]!r}"
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) or "none"
