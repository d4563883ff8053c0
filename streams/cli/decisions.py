"""Decides about people on the command line (link, unlink, suppress, unsuppress, erase), and says what came of it.

The person is looked up first: anything may look like a contact_id, and an address may be misspelled.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import typer

from events.refusal import Refusal
from events.times import render_time
from events.topics import CONTACT_COMMANDS
from sinks.lookup import Incomplete, UnknownContact
from streams.cli.failures import WRONG_USE, failing_plainly, refuse
from streams.cli.output import say
from streams.cli.person import CURE, followed_by, look_up_person, meant_by, nobody_known_message
from streams.cli.time_options import now_ms, parse_time_option
from streams.platform.settings import Settings
from streams.platform.topics import require_topic
from streams.services.contact_decisions.commands import Contacts, Decider, Decision, names_of
from streams.services.contact_decisions.effects import closed_besides, outlasts, suppression_of, suppression_words
from streams.services.contact_decisions.sending import look_at_contacts, send, send_and_wait
from streams.services.permission.person_name import meanings_of

_UNSURE = (
    "Redis lacks something or is behind (see `harmonia status`), so nobody can tell which suppression holds. "
    "Nothing was sent: try again, or --anyway"
)


@dataclass(frozen=True)
class DecisionSender:
    """Sends decisions of one `source` and prints their outcome. `anyway`: also about people who are not known.

    `wait_s`: how long Redis has to show the effect; None: the commands are only sent.
    """

    settings: Settings
    source: str
    anyway: bool
    wait_s: float | None
    as_json: bool

    @property
    def _decider(self) -> Decider:
        return Decider(self.settings, self.source)

    def link(self, one: str, other: str) -> None:
        """Decide that two contacts are one person."""
        one, other = self._meant(one), self._meant(other)
        self._decide(self._decider.link(one, other, now_ms()), "they are one person")

    def unlink(self, one: str, other: str) -> None:
        """Decide that two contacts are not one person."""
        one, other = self._meant(one), self._meant(other)
        self._decide(self._decider.unlink(one, other, now_ms()), "they are two people")

    def suppress(self, one: str, until: str | None) -> None:
        """Stop all contact, for ever or until a future time. Refused where one that lasts longer holds."""
        now = now_ms()
        ends = _end(until, now)
        one = self._meant(one)
        decision = _usable(self._decider.suppress(one, ends, now))
        end = "that is lifted" if ends is None else render_time(ends)
        said = f"nobody may reach this person until {end}"
        self._decide(decision, said + self._replaced(one, now, ends))

    def unsuppress(self, one: str) -> None:
        """Lift the suppression that holds."""
        now = now_ms()
        one = self._meant(one)
        decision = _usable(self._decider.unsuppress(one, now))
        said = "no suppression stops contact with this person"
        self._decide(decision, said if self.anyway else self._lifted(one, now))

    def erase(self, one: str, confirm: Callable[[], object]) -> None:
        """Erase a person. `confirm` is called once somebody is known by that name; it raises to send nothing."""
        one = self._meant(one)
        self._decide(self._decider.erase(one, now_ms()), "this person is forgotten", confirm)

    def _meant(self, word: str) -> str:
        """The word in its long form. Where nothing is looked at, a short one is its first meaning."""
        if self.anyway and self.wait_s is None:
            return meanings_of(word)[0].long_form
        with failing_plainly():
            return meant_by(self.settings, word).long_form

    def _replaced(self, word: str, at: int, end: int | None) -> str:
        """Words on the suppression that one until `end` replaces. Ends the command where that lasts longer.

        The latest counts: one until tomorrow would end one for ever, and tomorrow everybody may reach this person.
        """
        if self.anyway and self.wait_s is None:
            return ""  # what takes effect is not looked at either
        with failing_plainly():
            found = self._known([word])
        if not found and end is not None and not self.anyway:
            refuse(_UNSURE)
        stop = suppression_of(found[0], at) if found else None
        if stop is None:
            return ""
        which, how_long = suppression_words(stop)
        if outlasts(stop, end) and not self.anyway:
            refuse(
                f"nothing was sent: {which} holds, {how_long}; this one would take its place and end sooner. To end it "
                "now: `harmonia contact unsuppress`; to let this one count instead: --anyway"
            )
        return f", in the place of {which}, {how_long}"

    def _lifted(self, word: str, at: int) -> str:
        """Words on what is lifted, and what stays closed. Ends the command where there is nothing to lift."""
        with failing_plainly():
            known = self._known([word])
        if not known:
            refuse(_UNSURE)
        [found] = known
        stays = "; ".join(closed_besides(found))
        stop = suppression_of(found, at)
        if stop is None:
            refuse(
                f"nothing to lift: no suppression shows in this person's profile{f'. Closed: {stays}' if stays else ''}"
            )
        rest = f"Stays closed: {stays}" if stays else "Nothing else is closed"
        return f"lifted: {', '.join(suppression_words(stop))}. {rest}"

    def _decide(self, decided: Decision | Refusal, said: str, confirm: Callable[[], object] = lambda: None) -> None:
        """Send it. `said`: what to print once Redis shows it."""
        decision = _usable(decided)
        with failing_plainly():
            known = () if self.anyway and self.wait_s is None else self._known(decision.words)
            require_topic(self.settings, CONTACT_COMMANDS)
            confirm()
            if self.wait_s is None:
                send(self.settings, decision)
                self._tell_sent(decision)
                return
            # Where Redis is behind, what it has of them must be in one profile all the same before they are one person.
            before = known or [look_up_person(self.settings, word) for word in decision.words]
            shown = send_and_wait(
                self.settings,
                decision,
                before,
                self.wait_s,
                lambda: self._tell_sent(decision),
                is_complete=bool(known),
            )
        if not shown:
            refuse(
                f"sent to {CONTACT_COMMANDS} and accepted, so it will still be carried out; but Redis did not show it "
                f"within {self.wait_s:g} s: do not rely on it yet. Is a worker running and not behind (`harmonia "
                "status`), or did somebody else decide otherwise?"
            )
        if not self.as_json:
            say(f"{said}; Redis shows it")

    def _tell_sent(self, decision: Decision) -> None:
        for command in decision.commands:
            if self.as_json:
                typer.echo(command.value)
            else:
                say(f"sent {decision.type} {command.id}")

    def _known(self, words: Sequence[str]) -> Contacts:
        """The contacts of these words. Ends the command where one is unknown, or Redis cannot be relied on.

        Empty where it cannot, with `anyway`.
        """
        found = look_at_contacts(self.settings, names_of(words, self.settings.hasher))
        if isinstance(found, Incomplete):
            if not self.anyway and any(
                isinstance(look_up_person(self.settings, word), UnknownContact) for word in words
            ):
                refuse(
                    f"nobody is known by that name, but Redis lacks something or is behind ({found.where} is "
                    f"{found.why.replace('_', ' ')}; see `harmonia status`). Nothing was sent: try again, or --anyway"
                )
            return ()
        unknown = [word for word, each in zip(words, found, strict=True) if isinstance(each, UnknownContact)]
        if unknown and not self.anyway:
            refuse(followed_by(nobody_known_message(unknown[0]), "nothing was sent: mend the name, or --anyway"))
        return found


def _usable(decision: Decision | Refusal) -> Decision:
    """The decision. Ends the command where intake would refuse it."""
    if isinstance(decision, Refusal):
        refuse(f"{decision.reason}: {decision.detail}; {CURE}")
    return decision


def _end(until: str | None, now: int) -> int | None:
    if until is None:
        return None
    end = parse_time_option("--until", until)
    if end <= now:
        refuse(
            "--until: that time has passed, so nobody would be left alone; to lift a suppression: "
            "`harmonia contact unsuppress`",
            WRONG_USE,
        )
    return end
