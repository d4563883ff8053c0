"""Who may see and do what in the console: roles, acts, and the part of the campaign that somebody works in. Pure."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from msgspec import Struct

from events.console_acts import CONSOLE_ACTS, ConsoleAct
from streams.domain.segments import preview_estimates
from streams.services.console.acts import ACT_SPECS
from streams.services.console.roles import ROLES, Role
from streams.services.console.words import Language

Seeing = Literal[
    "see_tonight",
    "see_days",
    "see_campaigns",
    "see_experiments",
    "see_segments",
    "see_field",
    "see_money",
    "see_people",
    "see_status",
    "see_policy",
    "see_letters",
    "see_privacy",
    "see_requests",
    "see_send",
]
Act = Seeing | ConsoleAct
ACTS: tuple[Act, ...] = (*get_args(Seeing), *CONSOLE_ACTS)
CHANGING: frozenset[Act] = frozenset(CONSOLE_ACTS)
"""Acts that change something: besides the role they need to be named by HARMONIA_CONSOLE_MAY."""

ROLES_OF: Mapping[Act, frozenset[Role]] = {
    "see_tonight": frozenset(ROLES),
    "see_days": frozenset({"figures"}),
    "see_campaigns": frozenset({"figures", "sending"}),
    "see_experiments": frozenset({"figures", "sending"}),
    "see_segments": frozenset({"figures", "field", "sending"}),
    "see_field": frozenset({"figures", "field"}),
    "see_money": frozenset({"figures", "treasury"}),
    "see_people": frozenset({"field", "treasury", "sending", "privacy"}),
    "see_status": frozenset({"operations", "privacy"}),
    "see_policy": frozenset({"figures", "sending", "privacy"}),
    "see_letters": frozenset({"operations"}),
    "see_privacy": frozenset({"privacy"}),
    "see_requests": frozenset({"privacy"}),
    "see_send": frozenset({"sending"}),
    **{spec.id: spec.roles for spec in ACT_SPECS},
}
OF_EVERYBODY: frozenset[Act] = frozenset(spec.id for spec in ACT_SPECS if spec.of_everybody)
"""Acts that tell of people in every region: for those who see all of them."""
SEES_MONEY: frozenset[Role] = frozenset({"treasury", "privacy"})
"""Roles that see what a person has given."""
FEWEST = preview_estimates.FEWEST
"""People in a cell of a table, at least, so that nobody can be told from it."""


class Scope(Struct, frozen=True):
    """The part of the campaign that somebody sees: teams, regions (ISO 3166-2), committees; None: all of them."""

    teams: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    committees: frozenset[str] | None = None

    @property
    def sees_everybody(self) -> bool:
        """Whether people of all regions and committees are in it."""
        return self.regions is None and self.committees is None

    def has(self, kind: Literal["team", "region", "committee"], name: str | None) -> bool:
        """Whether something of a team, region or committee is in it."""
        return {"team": self.has_team, "region": self.has_region, "committee": self.has_committee}[kind](name)

    def has_team(self, team: str | None) -> bool:
        """Whether something of a team is in it; of no known team only where all are."""
        return self.teams is None or team in self.teams

    def has_region(self, region: str | None) -> bool:
        """Whether something of a region is in it; of no known region only where all are."""
        return self.regions is None or region in self.regions

    def has_committee(self, committee: str | None) -> bool:
        """Whether something of a committee is in it; of no known one only where all are."""
        return self.committees is None or committee in self.committees


EVERYTHING = Scope()


class Viewer(Struct, frozen=True):
    """Somebody who is signed in. `may_change`: the changing acts that this deployment allows at all."""

    name: str
    roles: frozenset[Role]
    scope: Scope = EVERYTHING
    language: Language = "en"
    may_change: frozenset[ConsoleAct] = frozenset(CONSOLE_ACTS)

    @property
    def audience(self) -> tuple[object, ...]:
        """What a page's blocks depend on: equal for viewers to whom the same is shown."""
        return self.roles, self.scope, self.language, self.may_change


Lack = Literal["right", "setting"]
"""The two that an act needs: a role of the viewer's that has it, and that the settings of the console allow it."""


def lacking(viewer: Viewer, act: Act) -> tuple[Lack, ...]:
    """What is missing before somebody may do or see this; empty: nothing is."""
    found: list[Lack] = ["right"] if viewer.roles.isdisjoint(ROLES_OF[act]) else []
    if act in CHANGING and act not in viewer.may_change:
        found.append("setting")
    return tuple(found)


def may(viewer: Viewer, act: Act) -> bool:
    """Whether somebody may do or see this."""
    return not lacking(viewer, act)


class Cell(Struct, frozen=True):
    """A cell of a table about people: what it is of, and how many people are in it."""

    keys: tuple[str, ...]
    people: int


def merge_small(cells: Sequence[Cell], fewest: int = FEWEST) -> tuple[list[Cell], Cell | None]:
    """The cells that may be shown, and all others merged into one, None where none had to be.

    What is hidden cannot be had by subtraction from the total either: the merged cell is of two cells or more, and has
    `fewest` people or more; the smallest cells that could stand by themselves join it if need be. Cells without people
    stay: they say nothing of anybody.
    """
    hidden = [cell for cell in cells if 0 < cell.people < fewest]
    if not hidden:
        return [*cells], None
    shown = [cell for cell in cells if not 0 < cell.people < fewest]
    for cell in sorted((cell for cell in shown if cell.people), key=lambda cell: (cell.people, cell.keys)):
        if len(hidden) > 1 and sum(one.people for one in hidden) >= fewest:
            break
        hidden.append(cell)
    names = {cell.keys for cell in hidden}
    merged = Cell((), sum(cell.people for cell in hidden))
    return [cell for cell in cells if cell.keys not in names], merged
