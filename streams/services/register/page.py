"""The register as a page that people read and fill in: Markdown of 80 columns, in English or French."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from events.times import parse_time
from streams.domain.display_names import printable
from streams.domain.messages import Listed
from streams.platform.tokens import ANY_TEAM
from streams.services.console.words import Words
from streams.services.register import questions
from streams.services.register.activities import Activity
from streams.services.register.record import Place, Register, Score, TakenField
from streams.services.register.scores import DefinedRule

WIDTH = 80
_BLANK = "_" * 40
_SPACES = ("\u00a0", "\u202f")
"""Spaces of French, at which no line is broken."""
_at_spaces = re.compile("([\u00a0\u202f])").split


def register_page(register: Register, words: Words) -> str:
    """The whole page."""
    parts = (
        _head(register, words),
        _controller(register, words),
        _activities(register, words),
        _purposes(register, words),
        _sources(register, words),
        _retention(register, words),
        _recipients(register, words),
        _protection(register, words),
        _scores(register, words),
        _dpia(words),
        _taken(register, words),
        _places(register, words),
        _readers(register, words),
    )
    return "\n".join(_shown(line) for part in parts for line in part).rstrip() + "\n"


def _shown(line: str) -> str:
    """A line without what a terminal would obey: names of segments, and settings, may have any sign."""
    return "".join(part if part in _SPACES else printable(part) for part in _at_spaces(line))


def _head(register: Register, words: Words) -> Iterator[str]:
    yield from _heading(1, words.text("Register of processing"))
    at, by = words.moment(parse_time(register.made_at)), register.harmonia
    yield from _paragraph(
        words.text("Made on {at} by Harmonia {version}, of what the deployment knows.", at=at, version=by)
    )
    yield from _paragraph(
        words.text(
            "It is no statement that anything complies with the law. It gives what a controller's record needs "
            "(Regulation (EU) 2016/679, article 30 (1)) and what an impact assessment begins with (article 35), as far "
            "as a program can know it. Lines of underscores are a human's to fill in."
        )
    )
    yield from _items(f"`{name}`: `{value}`" for name, value in register.deployment.items())


def _controller(register: Register, words: Words) -> Iterator[str]:
    yield from _heading(2, words.text("The controller"))
    yield from _items(
        [
            f"{words.text('Name and contact')}{words.text(': ')}{register.controller or _BLANK}",
            f"{words.text('Data protection officer')}{words.text(': ')}{register.dpo or _BLANK}",
        ]
    )
    yield from _questions(questions.OF_THE_CONTROLLER, words)


def _activities(register: Register, words: Words) -> Iterator[str]:
    """A sheet of each activity; which fields, topics and stores it rests on is in the annexes."""
    yield from _heading(2, words.text("Processing activities"))
    for number, activity in enumerate(register.activities, start=1):
        yield from _heading(3, f"{number}. {activity.name}")
        yield from _items(f"{name}{words.text(': ')}{text}" for name, text in _sheet(activity, register, words))


def _sheet(activity: Activity, register: Register, words: Words) -> Iterator[tuple[str, str]]:
    semicolon = words.text("; ")
    yield words.text("Purpose of the processing"), activity.purpose
    yield words.text("Whose data"), activity.people
    yield words.text("Categories of data"), semicolon.join([words.text("identity and contact details"), *activity.data])
    if activity.may_tell_opinions:
        yield words.text("Special categories"), words.text("some of them may tell a political opinion (article 9)")
    if activity.channels:
        yield words.text("People are reached by"), semicolon.join(activity.channels)
    yield words.text("How long"), semicolon.join(activity.kept)
    none = words.text("none is configured where this was made")
    yield words.text("Recipients"), semicolon.join(one.name for one in register.recipients) or none


def _taken(register: Register, words: Words) -> Iterator[str]:
    yield from _heading(2, words.text("Annex: whose data, and which"))
    yield from _paragraph(
        words.text(
            "People whom producers name: who gives, signs, comes, is written to, called or visited, or stands in a "
            "list. Fields that a type does not know are kept as they came."
        )
    )
    yield from _items(
        [
            words.text("Who they are and where: {fields}", fields=Listed(_named(register.identifiers, words))),
            words.text(
                "Any interaction: its time, source and id, {fields}", fields=Listed(_named(register.in_all, words))
            ),
            *(f"{one.name} (`{one.type}`){_of(one.fields, words)}" for one in register.taken),
        ]
    )
    yield from _paragraph(
        words.text(
            "Staff and volunteers too: who canvassed (canvasser_id), who may sign in to the console, who looked at "
            "whom, asked and decided (audit-log)."
        )
    )


def _of(fields: Sequence[TakenField], words: Words) -> str:
    told = words.text("; ").join(_field(field, words) for field in fields)
    return f"{words.text(': ')}{told}" if fields else ""


def _field(field: TakenField, words: Words) -> str:
    within = words.text(", with {fields}", fields=Listed(_named(field.within, words))) if field.within else ""
    mark = f" [{words.text('may tell an opinion')}]" if field.is_special else ""
    return f"{_named([field.name], words)[0]}{within}{mark}"


def _named(fields: Iterable[str], words: Words) -> tuple[str, ...]:
    """Fields by what they are called, each with its technical name beside."""
    return tuple(f"{words.name('field', name)} (`{name}`)" for name in fields)


def _purposes(register: Register, words: Words) -> Iterator[str]:
    yield from _heading(2, words.text("Purposes and bases"))
    yield from _paragraph(words.text("What the policy asks before a person is reached, by channel."))
    none = words.text("the policy asks neither consent nor a source.")
    for channel in register.asked:
        yield from _wrapped(channel.name, "- ", "  ")
        for asked in channel.asked or (none,):
            yield from _wrapped(asked, "  - ", "    ")
    yield ""
    yield from _questions(questions.OF_PURPOSES, words)


def _sources(register: Register, words: Words) -> Iterator[str]:
    yield from _heading(2, words.text("Where data come from"))
    refused = words.text("Refused, but for a no, a wrong number, or that somebody is too young")
    yield from _items(
        [
            f"{words.text('Taken')}{words.text(': ')}{words.text('; ').join(register.sources_taken)}",
            f"{refused}{words.text(': ')}{words.text('; ').join(register.sources_refused) or '–'}",
        ]
    )
    yield from _paragraph(
        words.text("Of what names no source nothing is guessed: `harmonia contact origin` tells what was said.")
    )


def _places(register: Register, words: Words) -> Iterator[str]:
    yield from _heading(2, words.text("Annex: where data are, what for, and how long"))
    yield from _heading(3, words.text("Topics"))
    yield from _each_place(register, words, is_topic=True)
    yield from _heading(3, words.text("Elsewhere"))
    yield from _each_place(register, words, is_topic=False)


def _each_place(register: Register, words: Words, *, is_topic: bool) -> Iterator[str]:
    shown = [place for place in register.places if place.is_topic == is_topic and place.used is not False]
    for place in shown:
        yield from _place(place, words)
    unused = [place.name for place in register.places if place.is_topic == is_topic and place.used is False]
    if unused:
        yield from _paragraph(words.text("Not in use here: {places}.", places=words.text("; ").join(unused)))


def _place(place: Place, words: Words) -> Iterator[str]:
    colon = words.text(": ")
    yield from _wrapped(f"**{place.name}**", "- ", "  ")
    told = [
        (words.text("What for"), place.purpose),
        (words.text("Data of people"), place.people),
        (words.text("How long"), place.stays),
        (words.text("Read by"), ", ".join(place.read_by)),
        (words.text("Written by"), ", ".join(place.written_by)),
    ]
    for name, text in told:
        if text:
            yield from _wrapped(f"{name}{colon}{text}", "  - ", "    ")
    yield ""


def _retention(register: Register, words: Words) -> Iterator[str]:
    yield from _heading(2, words.text("How long, as a rule"))
    for name, days in register.kept.items():
        if days:
            said = words.plural(
                "Who has done nothing for {n} day is due to be forgotten",
                "Who has done nothing for {n} days is due to be forgotten",
                days,
            )
        else:
            said = words.text("Nobody is forgotten for having done nothing")
        yield from _items([f"{said} (`{name}`)."])
    yield from _paragraph(
        words.text(
            "Nothing of this runs by itself: `harmonia retention run` and `harmonia lake forget` have to be "
            "sent, by an operator or a scheduler."
        )
    )
    yield from _questions(questions.OF_RETENTION, words)


def _readers(register: Register, words: Words) -> Iterator[str]:
    yield from _heading(2, words.text("Annex: which program reads what"))
    yield from _paragraph(
        words.text("Users of Kafka and the topics with people in them that they may read, where deploy/acl is applied.")
    )
    yield from _items(f"**{reader.user}**{words.text(': ')}{', '.join(reader.topics)}" for reader in register.readers)


def _recipients(register: Register, words: Words) -> Iterator[str]:
    yield from _heading(2, words.text("Who reads it"))
    yield from _callers(register, words)
    yield from _paragraph(words.text("Endpoints and vendors, by name and host."))
    elsewhere = words.text("a host that is kept with the secrets")
    yield from _items(
        f"**{one.name}** ({one.kind}){words.text(': ')}" + ", ".join([one.host or elsewhere, *one.told])
        for one in register.recipients
    )
    if not register.recipients:
        yield from _paragraph(words.text("None is configured where this was made."))
    yield from _questions(questions.OF_RECIPIENTS, words)


def _callers(register: Register, words: Words) -> Iterator[str]:
    yield from _paragraph(
        words.text(
            "Teams with tokens of the API, and what these open: read (profiles, segments, sums), list (who is in a "
            "segment), permit and reserve (whether somebody may be reached), publish (sends interactions), erase "
            "(has people forgotten)."
        )
    )
    any_team = words.text("whichever team it names")
    yield from _items(
        f"**{any_team if one.team == ANY_TEAM else one.team}** ({', '.join(one.scopes)})" for one in register.callers
    )
    if not register.callers:
        yield from _paragraph(words.text("None is configured where this was made."))


def _protection(register: Register, words: Words) -> Iterator[str]:
    yield from _heading(2, words.text("What protects it"))
    answers = {True: words.text("yes"), False: words.text("no")}
    yield from _items(
        item.said if item.holds is None else f"{item.said}{words.text(': ')}{answers[item.holds]}"
        for item in register.protection
    )
    yield from _paragraph(words.text("As the settings of the process say in which this was made."))


def _scores(register: Register, words: Words) -> Iterator[str]:
    yield from _heading(2, words.text("Scores, profiling and decisions"))
    yield from _paragraph(
        words.text(
            "All by which a person is rated or decided about. None of it guesses what somebody thinks, how they vote "
            "or what they own."
        )
    )
    for score in register.scores:
        yield from _score(score, words)
    yield from _rules(words.text("Segments that are defined"), register.segments, words)
    yield from _rules(words.text("Experiments that are defined"), register.experiments, words)


def _score(score: Score, words: Words) -> Iterator[str]:
    colon = words.text(": ")
    states = {True: words.text("on"), False: words.text("off"), None: words.text("not looked (--offline)")}
    yield from _wrapped(f"**{score.name}**{colon}{states[score.is_on]}", "- ", "  ")
    yield from _wrapped(f"{words.text('Logic')}{colon}{score.logic}", "  - ", "    ")
    yield from _wrapped(f"{words.text('What follows')}{colon}{score.use}", "  - ", "    ")
    yield from _wrapped(f"docs/{score.page}", "  - ", "    ")
    yield ""


def _rules(title: str, rules: Sequence[DefinedRule] | None, words: Words) -> Iterator[str]:
    if rules is None:
        return
    yield from _heading(3, title)
    if not rules:
        yield from _paragraph(words.text("None, so none is on."))
    special = words.text("goes by opinion")
    for rule in rules:
        mark = f" ({special})" if rule.is_special else ""
        yield from _wrapped(f"**{rule.name}**{mark}", "- ", "  ")
        yield from _wrapped(rule.rule, "  - ", "    ")
        yield ""


def _dpia(words: Words) -> Iterator[str]:
    yield from _heading(2, words.text("For the impact assessment: a human's judgement"))
    yield from _questions(questions.OF_THE_DPIA, words)


def _heading(level: int, text: str) -> Iterator[str]:
    yield from (f"{'#' * level} {text}", "")


def _paragraph(text: str) -> Iterator[str]:
    yield from (*_wrapped(text, "", ""), "")


def _items(texts: Iterable[str]) -> Iterator[str]:
    found = [line for text in texts for line in _wrapped(text, "- ", "  ")]
    yield from [*found, ""] if found else []


def _questions(asked: Iterable[str], words: Words) -> Iterator[str]:
    for question in asked:
        yield from _wrapped(words.text(question), "- ", "  ")
        yield from ("", f"  {_BLANK}", "")


def _wrapped(text: str, first: str, rest: str) -> Iterator[str]:
    """A text in lines of the page; a word that is longer than a line is broken."""
    yield from textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
