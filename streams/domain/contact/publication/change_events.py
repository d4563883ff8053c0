"""What other topics are told of a fragment after a step: its profile, that it is gone, whose roof it is under.

Each announcement follows from how the fragment stands now and from what was announced before, which the state keeps:
so a step that changes nothing says nothing, and the order in which links and facts arrive does not matter in the end.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from streams.domain.contact.facts.command_details import COMMANDS, FORGETTING
from streams.domain.contact.identity.erasure import closed_since, has_interactions, place_of
from streams.domain.contact.identity.identity_assignment import is_worth_sending
from streams.domain.contact.identity.identity_status import ChannelClosure, Erasure, IdentityStatus
from streams.domain.contact.publication.alert_triggers import Trigger
from streams.domain.contact.publication.suppressed_channels import closed_by, closed_channels_of, suppressions
from streams.domain.contact.publication.visibility import shown_of
from streams.domain.contact.state import ContactState, Fact


class FragmentStep(Struct, frozen=True):
    """One fragment before and after a chunk, with the parts that count of those under it.

    `heard`: something happened that its record has now, or has no longer (`changes_record`); `parts_changed`: a part
    came, changed or left. `erasures`: those that have forgotten a person whose canonical id it is. `triggers`: what its
    roof has to judge.
    """

    contact_id: str
    before: ContactState
    after: ContactState
    parts: Mapping[str, ContactState] = {}
    heard: bool = False
    parts_changed: bool = False
    erasures: tuple[Erasure, ...] = ()
    triggers: tuple[Trigger, ...] = ()


def changes_record(before: ContactState, after: ContactState, applied: Iterable[Fact]) -> bool:
    """Whether a record has something else after these facts: not after a command, unless it forgets a part of it.

    And where a copy gave way to another one, of which only the key is left.
    """
    return any(map(_is_of_record, applied)) or not before.facts.keys().isdisjoint(after.forgotten)


def _is_of_record(fact: Fact) -> bool:
    detail = fact.detail.__class__
    return detail not in COMMANDS or detail in FORGETTING


class Profiled(Struct, frozen=True):
    """To `contact-state`: the profile of these fragments together; `merged_from`: those of them that were absorbed."""

    version: int
    person: Mapping[str, ContactState]
    merged_from: tuple[str, ...]


class Gone(Struct, frozen=True):
    """To `contact-state`: null. `forgotten`: nothing is known under this id any more, and it marks no erasure."""

    version: int
    reason: Literal["erased", "merged", "forgotten"]
    merged_into: str | None = None


class Merged(Struct, frozen=True):
    """To `contact-links`: whom it belongs to; None: it stands alone again."""

    version: int
    into: str | None


class Channels(Struct, frozen=True):
    """To `contact-suppressions`: which are closed and why; none: all are open."""

    closed: tuple[ChannelClosure, ...]


class FragmentChange(Struct, frozen=True):
    """To `contact-fragments`: the state as it is after the step, or that it has left the roof.

    `triggers`: what it has just taken that may call for an alert.
    """

    roof: str
    version: int
    is_there: bool
    triggers: tuple[Trigger, ...] = ()


class Receipt(Struct, frozen=True):
    """To `contact-alerts`: that the person was forgotten."""

    erasure: Erasure


Announcement: TypeAlias = Profiled | Gone | Merged | Channels | FragmentChange | Receipt


def announce(step: FragmentStep) -> tuple[ContactState, list[Announcement]]:
    """The state after the step with what was announced of it, and the announcements; each has a version of its own."""
    speaker = _Speaker(step)
    speaker.forget()
    if speaker.place.roof is None:
        speaker.stand_alone()
    else:
        speaker.stand_under(speaker.place.roof)
    speaker.close_or_open()
    return speaker.state(), speaker.said


class _Speaker:
    def __init__(self, step: FragmentStep) -> None:
        self._step = step
        self._former = place_of(step.before).roof
        self._version = step.before.version
        self._person = {step.contact_id: step.after, **step.parts}
        self.place = place_of(step.after)
        self.said: list[Announcement] = []

    def state(self) -> ContactState:
        usual = self.place == IdentityStatus(shown="profile" if self._version else "nothing")
        return replace(self._step.after, version=self._version, place=None if usual else self.place)

    def forget(self) -> None:
        if self._step.erasures and self.place.marks:
            self._show("erased")
            self.said += map(Receipt, self._step.erasures)

    def stand_alone(self) -> None:
        if self._former is not None:
            self.said.append(Merged(self._next(), None))
            self._send_none(self._former)
        place, step = self.place, self._step
        shown = shown_of(self._person)
        if not isinstance(shown, str):
            if step.heard or step.parts_changed or place.shown != "profile" or _is_suppressed_anew(step):
                merged_from = sorted(name for name in step.parts if has_interactions(shown[name]))
                self.said.append(Profiled(self._next(), shown, tuple(merged_from)))
                self.place = replace(place, shown="profile")
        elif place.shown != shown:
            self._show(shown)

    def stand_under(self, roof: str) -> None:
        if self.place.shown != "nothing" and (self.place.shown != "merged" or self._former != roof):
            self.said.append(Gone(self._next(), "merged", roof))
            self.place = replace(self.place, shown="merged")
        if self._former != roof:
            self.said.append(Merged(self._next(), roof))
            if self._former is not None:
                self._send_none(self._former)
        if not is_worth_sending(self._step.after):
            self._send_none(roof)
        elif not self.place.sent or self._is_another_part():
            self.said.append(FragmentChange(roof, self._next(), is_there=True, triggers=self._step.triggers))
            self.place = replace(self.place, sent=True)

    def close_or_open(self) -> None:
        closed = () if self.place.roof is not None else closed_channels_of(self._person.values())
        if self.place.shown == "erased" and (erasure := closed_since(self._person.values())) is not None:
            closed = (closed_by(erasure),)
        if closed != self.place.closed:
            self.said.append(Channels(closed))
            self.place = replace(self.place, closed=closed)

    def _show(self, shown: Literal["erased", "nothing"]) -> None:
        self.said.append(Gone(self._next(), "erased" if shown == "erased" else "forgotten"))
        self.place = replace(self.place, shown=shown)

    def _is_another_part(self) -> bool:
        """Or the roof may have let go of it: whoever was told of a roof anew has perhaps been away in between."""
        before, after = self._step.before, self._step.after
        commanded = before.commands != after.commands or before.forgotten != after.forgotten
        return self._step.heard or commanded or place_of(before).told != self.place.told

    def _send_none(self, roof: str) -> None:
        if self.place.sent:
            self.said.append(FragmentChange(roof, self._next(), is_there=False))
            self.place = replace(self.place, sent=False)

    def _next(self) -> int:
        self._version += 1
        return self._version


def _is_suppressed_anew(step: FragmentStep) -> bool:
    """Whether a command has come that a profile shows, or an earlier copy of one."""
    before, after = step.before.commands, step.after.commands
    return before is not after and any(before.get(fact.key) != fact for fact in suppressions(after.values()))
