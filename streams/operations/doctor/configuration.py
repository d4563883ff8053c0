"""Checks settings that are valid and may still not be what a campaign should run with."""

from collections.abc import Iterable, Iterator

from streams.domain.pressure.policy_remarks import policy_remarks
from streams.operations.doctor.finding import Finding, fail, ok, warn
from streams.platform.errors import Unusable
from streams.platform.policy_file import foreign_policy, policy_of
from streams.platform.settings import LEAST_KEY_BYTES, LOCAL_IDENTITY_KEY, Settings
from streams.platform.tokens import read_tokens
from streams.platform.unknown_variables import UnknownVariable, unknown_variables
from streams.worker.measuring.teams import read_schedule


def examine_configuration(settings: Settings) -> Iterator[Finding]:
    """Check unknown variables, prefix, identity key, policy, teams and tokens. Reads the files of policy and teams."""
    yield from judge_unknown(unknown_variables())
    yield from _prefix(settings)
    yield _identity_key(settings)
    yield _policy(settings)
    yield from _teams(settings)
    yield _tokens(settings)


def judge_unknown(variables: Iterable[UnknownVariable]) -> Iterator[Finding]:
    """A warning for each variable that is named like a setting and is none."""
    for variable, near in variables:
        cure = "take it away, or name the setting that was meant: docs/settings.md has all"
        yield warn(variable, "is no setting, so it is ignored", cure if near is None else f"did you mean {near}?")


def _prefix(settings: Settings) -> Iterator[Finding]:
    if settings.topic_prefix:
        found = f"{settings.topic_prefix} stands before all names of this deployment in Kafka and Redis"
        yield ok("HARMONIA_TOPIC_PREFIX", found)


def _identity_key(settings: Settings) -> Finding:
    what, keys = "HARMONIA_IDENTITY_KEY", settings.identity_keys
    if keys[0] == LOCAL_IDENTITY_KEY.encode():
        cure = "set a secret before real people come in: a later one makes them other people"
        return warn(what, "the public default, which Harmonia takes only where Kafka is on loopback", cure)
    if len(keys[0]) < LEAST_KEY_BYTES:
        cure = "use one of 16 bytes or more (openssl rand -hex 32): put it first, keep the old one behind it"
        return warn(what, f"{len(keys[0])} bytes can be guessed, and with it whose hash is whose", cure)
    return ok(what, "set" if len(keys) == 1 else f"set, and {len(keys) - 1} older ones are read")


def _policy(settings: Settings) -> Finding:
    try:
        policy = policy_of(settings.policy, settings.regime)
    except Unusable as error:
        return fail("HARMONIA_POLICY", str(error).partition(": ")[2], "harmonia policy check FILE says what is wrong")
    if (foreign := foreign_policy(policy, settings.regime)) is not None:
        return warn("HARMONIA_POLICY", *foreign)
    if settings.regime != "us" and (known := settings.refused_kinds - {*policy.unknown.sources}):
        kinds = ", ".join(sorted(known))
        found = f"a no from {kinds} passes the wall, and makes whom it names known"
        return warn("HARMONIA_POLICY", found, "name the kinds of HARMONIA_REFUSED_SOURCES in unknown.sources, too")
    if remarks := policy_remarks(policy):
        return warn("HARMONIA_POLICY", remarks[0], "harmonia policy check FILE says all there is to remark")
    return ok("HARMONIA_POLICY", f"{settings.policy or f'the default ({settings.regime})'}, version {policy.version}")


def _teams(settings: Settings) -> Iterator[Finding]:
    """Check the file of teams; nothing where none is set, since then nobody waits for alerts of silence."""
    what = "HARMONIA_TEAMS"
    if settings.teams is None:
        return
    try:
        teams = read_schedule(settings.teams).hours
    except Unusable as error:
        yield fail(what, str(error).partition(": ")[2], "docs/monitoring.md says how it is written")
        return
    if not teams:
        cure = 'name each with its hours: [teams.digital] hours = ["mon-fri 09:00-21:00"]'
        yield warn(what, "the file names no team, so no team's silence is told", cure)
        return
    yield ok(what, f"hours of {len(teams)} {'team' if len(teams) == 1 else 'teams'}")


def _tokens(settings: Settings) -> Finding:
    what = "HARMONIA_API_TOKENS"
    try:
        tokens = read_tokens(settings.api_tokens.get_secret_value())
    except Unusable as error:
        return fail(what, str(error).partition(": ")[2], "docs/api.md says how an item is written")
    if not tokens:
        return warn(what, "empty: `harmonia api` would answer 401 to everybody", "docs/api.md says how to make a token")
    return ok(what, "can be read")
