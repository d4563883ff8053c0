"""Takes out of all that is held of a person the names of the staff who decided something about them.

Whoever gives a command may call themselves as they like, so it is known by what it is and not by how its source looks.
An alert and a retraction name what they are about by source and id alone. That may be kept no more, so nobody can tell
whether it was a command: then it counts as one, unless its source is heard of as a producer.
"""

from collections.abc import Iterator, Mapping, Set

from msgspec import Struct

from events.json_types import JSON
from events.registry import BY_NAME
from streams.domain.display_names import decided_by, without_staff

_NAMES_STAFF = frozenset({"source", "team", "by"})
"""Fields that may name who of the staff has decided something."""
_BY_A_COMMAND = frozenset({"suppressed", "erased"})
"""Reasons for which something is closed that is decided by a command."""
_ALERTS_ON_COMMANDS: Mapping[str, int] = {"erased": 0, "touch_after_stop": 1}
"""Rules of alerts of which the evidence may be a command, and from which place on."""
_RETRACTED = "interaction.retracted"

_Name = tuple[str, str]
"""An interaction by its source and id."""


def without_deciders(held: Mapping[str, JSON]) -> dict[str, JSON]:
    """What is held of a person; of who decided something about them it says `console` or `operator`."""
    return _without(held, _decisions(held))


def _without(held: Mapping[str, JSON], decisions: Set[_Name]) -> dict[str, JSON]:
    shown = decided_by if _is_decided(held) or _name_of(held) in decisions else without_staff
    return {
        name: shown(part) if name in _NAMES_STAFF and isinstance(part, str) else _shown(part, decisions)
        for name, part in held.items()
    }


def _shown(part: JSON, decisions: Set[_Name]) -> JSON:
    if isinstance(part, dict):
        return _without(part, decisions)
    return [_shown(each, decisions) for each in part] if isinstance(part, list) else part


def _is_decided(held: Mapping[str, JSON]) -> bool:
    """Whether it is a command, or what one has closed: its source is whoever gave it."""
    spec = BY_NAME.get(str(held.get("type")))
    return str(held.get("reason")) in _BY_A_COMMAND or (spec is not None and spec.is_command)


class _Known(Struct, frozen=True):
    """What is known of the names in a record: those of commands, of what producers said, and the producers."""

    commands: Set[_Name]
    said: Set[_Name]
    producers: Set[str]

    def may_be_command(self, name: _Name) -> bool:
        """Whether what is named is a command, or may be one of which nothing else is kept."""
        return name in self.commands or not (name in self.said or name[0] in self.producers)


def _decisions(held: Mapping[str, JSON]) -> Set[_Name]:
    """The names of what may be a command, and of what takes one back."""
    told = [*_objects({**held})]
    commands = {name for each in told if _is_decided(each) and (name := _name_of(each)) is not None}
    said = {name for each in told if _is_said(each) and (name := _name_of(each)) is not None} - commands
    deciders = {source for source, _ in commands}
    known = _Known(commands, said, {source for source, _ in said} - deciders)
    found = commands | {name for name in _alerted(held.get("alerts")) if known.may_be_command(name)}
    for each in told:
        names = _retraction(each)
        if names and known.may_be_command(names[-1]):
            found |= {*names}
    return found


def _is_said(held: Mapping[str, JSON]) -> bool:
    """Whether it is what a producer said, and no mere name of something else."""
    return len(held) > 2 and held.get("type") != _RETRACTED


def _objects(part: JSON) -> Iterator[Mapping[str, JSON]]:
    """Every object in it, however deep."""
    if isinstance(part, dict):
        yield part
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    for each in inner:
        yield from _objects(each)


def _alerted(alerts: JSON) -> Iterator[_Name]:
    """What alerts name that may be a command: an erasure, and what had stopped contact before a touch."""
    for alert in _objects(alerts):
        evidence, since = alert.get("evidence"), _ALERTS_ON_COMMANDS.get(str(alert.get("rule")))
        if since is not None and isinstance(evidence, list):
            yield from (name for each in evidence[since:] if (name := _name_of(each)) is not None)


def _retraction(event: Mapping[str, JSON]) -> list[_Name]:
    """Of a retraction its own name and that of what it takes back; of all else nothing."""
    data = event.get("data") if event.get("type") == _RETRACTED else None
    retracts = _name_of(data.get("retracts")) if isinstance(data, dict) else None
    own = _name_of(event)
    return [] if own is None or retracts is None else [own, retracts]


def _name_of(part: JSON | Mapping[str, JSON]) -> _Name | None:
    """The source and id that an object has; None: it has not both."""
    source, id_ = (part.get("source"), part.get("id")) if isinstance(part, Mapping) else (None, None)
    return (source, id_) if isinstance(source, str) and isinstance(id_, str) else None
