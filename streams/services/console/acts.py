"""What can be changed from the console: the one list of it. Pure.

Rights, routes, what `HARMONIA_CONSOLE_MAY` may name and the table of docs/console.md (by `make schemas`) derive from
it; `acting/` has the function that does each. To add one: its name in `events/console_acts.py`, an entry here, and its
function in `acting/handlers.py`.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct

from events.console_acts import CONSOLE_ACTS, ConsoleAct
from streams.services.console.roles import Role

UPLOAD = "/send/judge"
"""Where a list is uploaded, which may be longer than a form."""
About = Literal["campaign", "person", "pair", "letters", "policy", "experiments", "segments", "list", "request"]
"""What an act changes. Of two acts about one thing that come at once the second waits for the first."""


class ActSpec(Struct, frozen=True):
    """Something that is changed by sending a form.

    `words`: what it is called, in the docs. `path`: where its form is sent. `subject`: fields of the form that say what
    it is about. `page`: where one can see how that stands, with these fields. `within` and `audited`: for the table of
    the docs, whose scope it takes, and what `audit-log` has of it. `gives_a_file`: its answer is a file, made anew each
    time, and so it is not remembered; nobody waits for it. `waits_for_effect_alone`: whoever orders the contrary need
    not wait until this one is carried out, so its function puts the orders of one thing in order. `of_everybody`: it
    tells of people in every region, so only who sees all regions and committees may do it.
    """

    id: ConsoleAct
    words: str
    roles: frozenset[Role]
    path: str
    page: str
    about: About
    subject: tuple[str, ...]
    within: str
    audited: str
    gives_a_file: bool = False
    waits_for_effect_alone: bool = False
    of_everybody: bool = False


_THEIR_SEGMENTS = "the team that owns each segment, all regions and committees"
_WHOLE_CAMPAIGN = "all teams of the campaign, every region"
_THEIR_REGION = "the person's region"
_EVERYTHING = "all teams, regions and committees"
_ONE = "the `contact_id`"
_ONE_REQUEST = "the `contact_id`; `detail`: kind and request"

ACT_SPECS: tuple[ActSpec, ...] = (
    ActSpec(
        id="hold",
        words="Hold a campaign",
        roles=frozenset({"sending"}),
        path="/campaigns/hold",
        page="/campaigns/{campaign}",
        about="campaign",
        subject=("campaign",),
        within=_WHOLE_CAMPAIGN,
        audited="`campaign_id`",
        waits_for_effect_alone=True,
    ),
    ActSpec(
        id="lift",
        words="Lift the hold of a campaign",
        roles=frozenset({"sending"}),
        path="/campaigns/lift",
        page="/campaigns/{campaign}",
        about="campaign",
        subject=("campaign",),
        within=_WHOLE_CAMPAIGN,
        audited="`campaign_id`",
        waits_for_effect_alone=True,
    ),
    ActSpec(
        id="suppress",
        words="Stop all contact with a person, for ever or until a day",
        roles=frozenset({"field", "sending", "privacy"}),
        path="/people/suppress",
        page="/people/{contact}",
        about="person",
        subject=("contact",),
        within=_THEIR_REGION,
        audited=f"{_ONE}, until when and why",
    ),
    ActSpec(
        id="unsuppress",
        words="Lift the stop that somebody here has set",
        roles=frozenset({"privacy"}),
        path="/people/unsuppress",
        page="/people/{contact}",
        about="person",
        subject=("contact",),
        within=_THEIR_REGION,
        audited=_ONE,
    ),
    ActSpec(
        id="export",
        words="Download all that is held of a person",
        roles=frozenset({"privacy"}),
        path="/people/export",
        page="/people/{contact}",
        about="person",
        subject=("contact",),
        within=_EVERYTHING,
        audited=_ONE,
        gives_a_file=True,
    ),
    ActSpec(
        id="erase",
        words="Forget a person, for good",
        roles=frozenset({"privacy"}),
        path="/people/erase",
        page="/people/{contact}",
        about="person",
        subject=("contact",),
        within=_THEIR_REGION,
        audited=_ONE,
    ),
    ActSpec(
        id="link",
        words="Say that two contacts are one person",
        roles=frozenset({"privacy"}),
        path="/people/link",
        page="/people/duplicates?one={one}&other={other}",
        about="pair",
        subject=("one", "other"),
        within=_EVERYTHING,
        audited="both `contact_id`s",
    ),
    ActSpec(
        id="unlink",
        words="Say that two contacts are two people",
        roles=frozenset({"privacy"}),
        path="/people/unlink",
        page="/people/duplicates?one={one}&other={other}",
        about="pair",
        subject=("one", "other"),
        within=_EVERYTHING,
        audited="both `contact_id`s",
    ),
    ActSpec(
        id="requeue",
        words="Send dead letters anew, as rehearsed",
        roles=frozenset({"operations"}),
        path="/letters/requeue",
        page="/letters",
        about="letters",
        subject=(),
        within=_EVERYTHING,
        audited="`detail`: reason, topic and rehearsal",
    ),
    ActSpec(
        id="release",
        words="Let a quarantined source go, and send what was held of it",
        roles=frozenset({"operations"}),
        path="/letters/release",
        page="/letters",
        about="letters",
        subject=(),
        within=_EVERYTHING,
        audited="`detail`: the rehearsal",
    ),
    ActSpec(
        id="publish",
        words="Publish a policy",
        roles=frozenset({"sending"}),
        path="/policy/publish",
        page="/policy",
        about="policy",
        subject=(),
        within=_EVERYTHING,
        audited="`detail`: both versions",
    ),
    ActSpec(
        id="roll_back",
        words="Publish an earlier policy again",
        roles=frozenset({"sending"}),
        path="/policy/roll-back",
        page="/policy",
        about="policy",
        subject=(),
        within=_EVERYTHING,
        audited="`detail`: both versions",
    ),
    ActSpec(
        id="define_experiment",
        words="Define an experiment",
        roles=frozenset({"sending"}),
        path="/experiments/define",
        page="/plans",
        about="experiments",
        subject=(),
        within=_EVERYTHING,
        audited="`detail`: its id",
    ),
    ActSpec(
        id="end_experiment",
        words="End an experiment",
        roles=frozenset({"sending"}),
        path="/experiments/end",
        page="/plans",
        about="experiments",
        subject=(),
        within=_EVERYTHING,
        audited="`detail`: its id",
    ),
    ActSpec(
        id="define_segment",
        words="Define segments, or change them",
        roles=frozenset({"sending"}),
        path="/segments/define",
        page="/segments",
        about="segments",
        subject=(),
        within=_THEIR_SEGMENTS,
        audited="`segment`, a record for each",
    ),
    ActSpec(
        id="withdraw_segment",
        words="Withdraw a segment",
        roles=frozenset({"sending"}),
        path="/segments/withdraw",
        page="/segments",
        about="segments",
        subject=(),
        within=_THEIR_SEGMENTS,
        audited="`segment`",
    ),
    ActSpec(
        id="judge",
        words="Ask who of a list may be reached, and download those",
        roles=frozenset({"sending"}),
        path=UPLOAD,
        page="/send",
        about="list",
        subject=(),
        within="a team of theirs, all regions and committees",
        audited="`campaign_id`, channel, purpose and team; and the counts by reason, as of `harmonia permit`",
        of_everybody=True,
    ),
    ActSpec(
        id="reserve",
        words="Reserve those of the list who may be reached, for two hours",
        roles=frozenset({"sending"}),
        path="/send/reserve",
        page="/send",
        about="list",
        subject=(),
        within="a team of theirs, all regions and committees",
        audited="the same, and the reservations",
        of_everybody=True,
    ),
    ActSpec(
        id="give_back",
        words="Give back all who were reserved of the list",
        roles=frozenset({"sending"}),
        path="/send/give-back",
        page="/send",
        about="list",
        subject=(),
        within="their own list, all regions and committees",
        audited="`detail`: the team, and the id of the list",
        of_everybody=True,
    ),
    ActSpec(
        id="open_request",
        words="Write down that a person uses a right over their data; an objection stops all contact",
        roles=frozenset({"privacy"}),
        path="/rights/open",
        page="/rights",
        about="person",
        subject=("contact",),
        within=_EVERYTHING,
        audited="the `contact_id`, and the id of an objection that is open already; `detail`: kind and request",
    ),
    ActSpec(
        id="answer_request",
        words="Download all that is held of who asked for it, as a page and a file",
        roles=frozenset({"privacy"}),
        path="/rights/download",
        page="/rights/{request}",
        about="request",
        subject=("request",),
        within=_EVERYTHING,
        audited="each id of the person; `detail`: kind and request",
        gives_a_file=True,
    ),
    ActSpec(
        id="extend_request",
        words="Write down that a request takes two further months",
        roles=frozenset({"privacy"}),
        path="/rights/extend",
        page="/rights/{request}",
        about="request",
        subject=("request",),
        within=_EVERYTHING,
        audited=_ONE_REQUEST,
    ),
    ActSpec(
        id="close_request",
        words="Write down that a person was told what came of their request",
        roles=frozenset({"privacy"}),
        path="/rights/close",
        page="/rights/{request}",
        about="request",
        subject=("request",),
        within=_EVERYTHING,
        audited=_ONE_REQUEST,
    ),
)
SPEC_OF: Mapping[ConsoleAct, ActSpec] = {spec.id: spec for spec in ACT_SPECS}


def changing(words: str) -> frozenset[ConsoleAct]:
    """The acts that a text names, separated by spaces; words that name none are left out."""
    named = words.split()
    return frozenset(act for act in CONSOLE_ACTS if act in named)


_BEGINS, _ENDS = "<!-- acts: made by `make schemas` -->\n", "<!-- acts end -->\n"


def made_anew(page: str) -> str:
    """The page of the docs with its table of acts as it is to be. Raises `ValueError` where its place is not marked."""
    before, begun, rest = page.partition(_BEGINS)
    _, ended, after = rest.partition(_ENDS)
    if not begun or not ended:
        raise ValueError(f"the place of the table is not marked by {_BEGINS.strip()} and {_ENDS.strip()}")
    return f"{before}{begun}\n{table()}\n{ended}{after}"


def table() -> str:
    """The acts as a table of Markdown."""
    head = "| act | what | role | scope | in `audit-log` | sent to |\n|---|---|---|---|---|---|\n"
    return head + "".join(
        f"| `{spec.id}` | {spec.words} | {', '.join(f'`{role}`' for role in sorted(spec.roles))} | {spec.within} "
        f"| {spec.audited} | `{spec.path}` |\n"
        for spec in ACT_SPECS
    )


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(made_anew(path.read_text()))
