"""`harmonia rights`: requests of people over their data, each with its clock, from the day it came to the last word.

What is done about a request is done by the commands there are: an objection stops all contact as `contact suppress`
does, before anything is written; an erasure forgets as `contact erase` does; access gives what `contact bundle` gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import orjson
import typer

from events.rights_requests import RIGHTS_DEEDS, ExtensionReason, RightsDeed, RightsKind, RightsOutcome
from streams.cli.failures import WRONG_USE, failing_plainly, load_settings, refuse
from streams.cli.output import say
from streams.cli.person import HELP, METAVAR
from streams.cli.rights_output import plain_count, print_counts, print_desk, print_request
from streams.domain.rights.plain import plain_request

if TYPE_CHECKING:
    from streams.domain.rights.permitted import StepRefusal
    from streams.domain.rights.requests import RightsDesk, RightsRequest
    from streams.domain.rights.steps import RequestStep
    from streams.platform.settings import Settings
    from streams.services.rights_desk.answering import Deciding, MeantContact

app = typer.Typer(
    help="Requests of people over their data, with the month that each gives (GDPR, articles 12 and 15 to 21).",
    no_args_is_help=True,
)

Request = Annotated[str, typer.Argument(metavar="REQUEST", help="The id of a request, or how it begins.")]
By = Annotated[str, typer.Option(help="Who decides, as the source of commands; no address.")]
On = Annotated[str | None, typer.Option(help="The day on which the person was told; without it today.")]
Received = Annotated[str | None, typer.Option(help="The day on which it came, from which the month runs; today.")]
Wait = Annotated[float, typer.Option(min=0, max=600, help="Seconds to wait for Redis to show what was ordered.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
_BY = "operator/rights"
_WAIT_S = 15.0


@app.command("open")
def open_command(  # noqa: PLR0913 (options of a command)
    kind: Annotated[
        RightsKind, typer.Argument(metavar="KIND", help="access, rectification, objection, erasure or portability.")
    ],
    who: Annotated[str, typer.Argument(metavar=METAVAR, help=HELP)],
    *,
    received: Received = None,
    by: By = _BY,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Although nobody is known by that name, or such a request of theirs is open."),
    ] = False,
    wait: Wait = _WAIT_S,
    as_json: AsJson = False,
) -> None:
    """Write down that a person has asked; its id is printed. An objection stops all contact with them at once.

    Exit code 1 when Redis does not show the stop in time: it was ordered, and the request is written down.
    """
    from streams.cli.person import what_redis_lacks
    from streams.domain.rights.clock import may_have_come
    from streams.domain.rights.steps import RequestOpened
    from streams.services.rights_desk.answering import ids_asked_under, is_erased, meant_contact, nobody_known

    settings, deciding = _begin(by, wait)
    day = _day("--received", received, deciding)
    if not may_have_come(day, deciding.today):
        refuse("--received: that day is more than ten years ago; give the one on which it came", WRONG_USE)
    with _plainly():
        found = meant_contact(settings, _meant(settings, who))
        contact_id = found.known_id
        if (unknown := nobody_known(found)) is not None and not anyway:
            _refuse_unknown(unknown, None if is_erased(found) else what_redis_lacks(settings))
        stopped = deciding.stop(found) if kind == "objection" else None
        with _telling_of_a_stop(stopped):
            if stopped is not None and contact_id is None:
                found = meant_contact(settings, found.word)
                contact_id = found.known_id
            desk = _desk(settings)
            ids = set() if contact_id is None or anyway else ids_asked_under(settings, desk, found)
            if (before := desk.open_of(kind, ids, contact_id)) is not None:
                written = _heed(before, found.word, deciding) if stopped else "nothing was written down"
                refuse(f"{written}: request {before.id} of this kind and person is open; another: --anyway")
            step = RequestOpened(**deciding.mark(deciding.today), kind=kind, received=day, contact_id=contact_id)
            request = deciding.open(deciding.begin_open(step), step, is_stopped=stopped is True)
    _told(settings, request, as_json=as_json)
    if stopped is False:
        _refuse_unseen("the stop", wait)


@app.command("list")
def list_command(
    *,
    every: Annotated[bool, typer.Option("--all", help="Closed ones too, and counts of those that are forgotten.")] = (
        False
    ),
    as_json: AsJson = False,
) -> None:
    """List open requests, the one that is due first at the top, with the days that are left."""
    settings = load_settings()
    with _plainly():
        desk = _desk(settings)
    today = _today(settings)
    shown = [one for one in desk.requests.values() if every or one.closed is None]
    if as_json:
        rows = [plain_request(one, today) for one in shown]
        typer.echo(orjson.dumps({"requests": rows, "counts": plain_count(desk)} if every else {"requests": rows}))
        return
    print_desk(shown, today)
    if every:
        print_counts(desk)


@app.command()
def show(request: Request, as_json: AsJson = False) -> None:
    """Show one request: what was asked, what was done, and the last day."""
    settings = load_settings()
    with _plainly():
        found = _found(_desk(settings), request)
    _told(settings, found, as_json=as_json)


@app.command()
def answer(  # noqa: PLR0913 (options of a command)
    request: Request,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", file_okay=False, help="Of access and portability: a new folder for it.")
    ] = None,
    language: Annotated[str, typer.Option(help="Of its page: en or fr.")] = "en",
    did: Annotated[
        list[str] | None,
        typer.Option("--did", help="Of a rectification: linked, unlinked, consent, corrected, retracted, at_source."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Of an erasure: do not ask.")] = False,
    by: By = _BY,
    wait: Wait = _WAIT_S,
    as_json: AsJson = False,
) -> None:
    """Do what was asked for, or write down that it was done. The clock runs on until `close` says they were told.

    An erasure forgets the person and the request: a count is left. Exit code 1 when Redis does not show it in time.
    """
    from streams.cli.contact import written_bundle
    from streams.services.rights_desk.answering import meant_contact

    settings, deciding = _begin(by, wait)
    with _plainly():
        found = _found(_desk(settings), request)
        if found.contact_id is None:
            refuse(
                "nobody is known here by what they gave: `rights close` with --outcome nothing_held or not_identified"
            )
        step = deciding.answered(_deeds(found, did))
        _may(found, step, deciding)
        if found.kind == "rectification":  # it was done elsewhere, and needs nobody to be found
            deciding.begin(found, step)
            _told(settings, deciding.take(found, step), as_json=as_json)
            return
        folder = _new_folder(out, language) if found.kind in ("access", "portability") else None
        person = meant_contact(settings, found.contact_id)
        _say_who(person)
        if found.kind == "erasure" and not yes:
            typer.confirm("This cannot be undone. Forget this person?", abort=True, err=True)
        deciding.begin(found, step, ids=person.ids)
        if folder is not None:
            files = written_bundle(settings, found.contact_id, folder, language)
            say(f"wrote {' and '.join(files)} to {folder}: look at it before it is handed out", err=True)
        if found.kind == "objection" and not deciding.stop(person):
            _refuse_unseen("the stop", wait)
        if found.kind == "erasure":
            _erase(deciding, person)
            return
        after = deciding.take(found, step)
    _told(settings, after, as_json=as_json)


@app.command()
def extend(
    request: Request,
    *,
    reason: Annotated[ExtensionReason, typer.Option(help="Why, as the person was told: one of the law's two.")],
    on: On = None,
    by: By = _BY,
    as_json: AsJson = False,
) -> None:
    """Write down that the person was told that it takes two further months. Only within the first month, and once."""
    from streams.domain.rights.steps import ClockExtended

    settings, deciding = _begin(by, 0.0)
    day = _day("--on", on, deciding)
    _take(settings, request, deciding, ClockExtended(**deciding.mark(day), reason=reason), as_json=as_json)


@app.command()
def close(  # noqa: PLR0913 (options of a command)
    request: Request,
    *,
    outcome: Annotated[RightsOutcome, typer.Option(help="What the person was told.")],
    reference: Annotated[
        str | None, typer.Option(help="Where your letter is kept: a label such as letters/17, no name.")
    ] = None,
    on: On = None,
    by: By = _BY,
    as_json: AsJson = False,
) -> None:
    """Write down that the person was told; the clock stops. It is not opened again: who asks again has another one."""
    import re

    from events.fields import LABEL_PATTERN
    from streams.domain.rights.steps import RequestClosed

    if reference is not None and re.fullmatch(LABEL_PATTERN, reference) is None:
        refuse("--reference: give 1 to 128 letters, digits or _ . : / # -, such as letters/17", WRONG_USE)
    settings, deciding = _begin(by, 0.0)
    step = RequestClosed(**deciding.mark(_day("--on", on, deciding)), outcome=outcome, reference=reference)
    _take(settings, request, deciding, step, as_json=as_json)


@app.command()
def forget(
    before: Annotated[
        str, typer.Option("--closed-before", help="What was closed before this day goes; a count of it stays.")
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    by: By = _BY,
) -> None:
    """Leave nothing but counts of requests that were closed long ago."""
    from streams.domain.rights.forgetting import closed_before

    settings, deciding = _begin(by, 0.0)
    day = _day("--closed-before", before, deciding)
    with _plainly():
        desk = _desk(settings)
        going = closed_before(desk, day)
        if going and not yes:
            typer.confirm(f"This cannot be undone. Forget {len(going)} requests?", abort=True, err=True)
        deciding.note(None, f"forget {len(going)} closed before {day}")
        deciding.forget(going, desk.left)
    say(f"{len(going)} requests are only counted from now on")


@contextmanager
def _plainly() -> Iterator[None]:
    """As `failing_plainly`, and where what is to be done could not be written down first."""
    from streams.services.rights_desk.answering import NotWrittenDown

    with failing_plainly():
        try:
            yield
        except NotWrittenDown as error:
            refuse(str(error))


def _begin(by: str, wait_s: float) -> tuple[Settings, Deciding]:
    from streams.cli.person import require_workers_key
    from streams.cli.retention import judge_source
    from streams.cli.time_options import now_ms
    from streams.services.rights_desk.answering import Deciding

    settings = load_settings()
    judge_source("--by", by)
    require_workers_key(settings)
    return settings, Deciding(settings, by, wait_s, now_ms(), _today(settings))


def _meant(settings: Settings, word: str) -> str:
    from streams.cli.person import meant_by

    return meant_by(settings, word).long_form


def _desk(settings: Settings) -> RightsDesk:
    from streams.services.rights_desk.log import read_desk

    return read_desk(settings)


def _today(settings: Settings) -> date:
    from streams.cli.time_options import now_ms
    from streams.services.rights_desk.log import today

    return today(settings, now_ms())


def _day(option: str, text: str | None, deciding: Deciding) -> date:
    """The day of an option, today where it is not given. Ends the command where it is none, or has not come."""
    try:
        day = deciding.today if text is None else date.fromisoformat(text)
    except ValueError:
        refuse(f"{option}: give a date, such as 2026-02-22", WRONG_USE)
    if day > deciding.today:
        refuse(f"{option}: that day has not come yet", WRONG_USE)
    return day


def _found(desk: RightsDesk, word: str) -> RightsRequest:
    """The request that a word names. Ends the command where none or several are meant."""
    named = desk.named(word)
    if not named:
        refuse("there is no such request, or it is forgotten and only counted: see `harmonia rights list --all`")
    if len(named) > 1:
        refuse(f"{len(named)} requests begin so: give more of the id")
    return named[0]


_REFUSED: Mapping[StepRefusal, str] = {
    "closed": "it is closed; a person who asks again has another request (`rights open`)",
    "extended_before": "it was extended before, and may be so once",
    "month_is_over": "the month is over, within which the person has to be told that it takes longer",
    "before_receipt": "--on: that day is before the request came",
    "in_future": "--on: that day has not come yet",
    "deed_of_other_kind": "--did: that is not done about a request of this kind",
}


def _may(request: RightsRequest, step: RequestStep, deciding: Deciding) -> None:
    from streams.domain.rights.permitted import step_refusal

    if (why := step_refusal(request, step, deciding.today)) is not None:
        refuse(f"nothing was written down: {_REFUSED[why]}")


def _take(settings: Settings, word: str, deciding: Deciding, step: RequestStep, *, as_json: bool) -> None:
    with _plainly():
        found = _found(_desk(settings), word)
        _may(found, step, deciding)
        deciding.begin(found, step)
        after = deciding.take(found, step)
    _told(settings, after, as_json=as_json)


def _deeds(request: RightsRequest, did: Sequence[str] | None) -> Sequence[RightsDeed]:
    """What was done about a request. Ends the command where that is to be said, or not to be."""
    from streams.domain.rights.permitted import DEEDS_OF

    own: dict[str, RightsDeed] = {deed: deed for deed in RIGHTS_DEEDS if deed in DEEDS_OF[request.kind]}
    if request.kind == "rectification":
        if not did or not own.keys() >= {*did}:
            refuse(f"--did: say what was done: {', '.join(own)}", WRONG_USE)
        return [own[each] for each in dict.fromkeys(did)]
    if did:
        refuse("--did: it is for a rectification; all else is done by this command itself", WRONG_USE)
    return [*own.values()]


def _refuse_unknown(unknown: str, lacking: str | None) -> NoReturn:
    """End the command, since nobody is known by a name. `lacking`: what Redis lacks, so that they may be known."""
    from streams.cli.person import followed_by

    if lacking is not None:
        refuse(
            f"nobody is found by that name, but they may be known: {lacking}; nothing was written down. Try again once "
            "`harmonia status` finds Redis whole; to stop all contact at once, or as of nobody who is known: --anyway"
        )
    then = "nothing was written down. To write it down as of nobody who is known: --anyway"
    refuse(followed_by(unknown, then))


def _heed(request: RightsRequest, word: str, deciding: Deciding) -> str:
    """Write down of an open objection that all contact is stopped, where nobody had seen that; in words, what is."""
    match deciding.heed(request, word):
        case "written":
            return "no other one was written down, and of the one before that all contact is stopped"
        case "before":
            return "nothing was written down"
        case "unseen":
            return (
                "nothing was written down, since the one before is of another id, and Redis does not show yet that it "
                f"is stopped under that as well (`harmonia rights answer {request.id[:8]}` does it again)"
            )


@contextmanager
def _telling_of_a_stop(stopped: bool | None) -> Iterator[None]:
    """Where the command ends before a request is written down, say that all contact was stopped all the same."""
    try:
        yield
    except Exception:
        if stopped is not None:
            say("all contact with them was ordered to stop, and stays so; of the request:", err=True)
        raise


def _new_folder(out: Path | None, language: str) -> Path:
    """The folder for what is held of a person. Ends the command where it cannot be written, before anything is done."""
    from streams.cli.contact import judge_bundle

    if out is None:
        refuse("--out: name a new folder for what is held of them", WRONG_USE)
    judge_bundle(out, language)
    return out


def _say_who(person: MeantContact) -> None:
    """Say who is meant now: since the request came they may have been linked with somebody, or parted."""
    from streams.cli.person import masked_identifier

    called, *others = [masked_identifier(each) for each in person.ids]
    also = f", who is {', '.join(others)} as well" if others else ""
    say(f"this is about {called}{also}: is it they who asked?", err=True)


def _erase(deciding: Deciding, person: MeantContact) -> None:
    if not deciding.erase(person):
        _refuse_unseen("the erasure", deciding.wait_s)
    say("this person is forgotten, and Redis shows it; all their requests are only counted from now on")
    say("tell the person by your own letter: Harmonia has no name of theirs any more")


def _refuse_unseen(what: str, wait_s: float) -> None:
    refuse(
        f"{what} was sent and accepted, so it will still be carried out; but Redis did not show it within {wait_s:g} "
        "s: do not rely on it yet. Is a worker running and not behind (`harmonia status`)?"
    )


def _told(settings: Settings, request: RightsRequest, *, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps(plain_request(request, _today(settings))))
    else:
        print_request(request, _today(settings))
