"""Runs the demo: starts the servers and workers, publishes the script, compares the results with the oracle."""

import fcntl
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from rich.console import Console

from events.experiments import ExperimentDefinition
from events.regimes import REGIMES, RegimeName
from streams.demo import segments
from streams.demo.background import begin
from streams.demo.browsing import Browsing, Visit, own_policy
from streams.demo.check import Difference, Letter, compare_letters, compare_profiles
from streams.demo.console import bars, evening_lines, phase, render
from streams.demo.deployment import Deployment, counted, open_deployment
from streams.demo.evening import last_evening, letters_of
from streams.demo.evening_play import PlayedEvening, play_evening
from streams.demo.evening_report import evening_differences, evening_figures, held_letters
from streams.demo.experiments import Truth, define, plans_of, results_in_redis, wrong_results
from streams.demo.french.rights_check import wrong_rights
from streams.demo.french.story import french_script
from streams.demo.list_to_try import list_to_try
from streams.demo.oracle import all_closed_channels
from streams.demo.progress import Progress
from streams.demo.publishing import PlayResult, play
from streams.demo.read_back import closed_channels_in_topic, letters_in_topic, profiles_in_redis, profiles_in_topic
from streams.demo.recount import Profile
from streams.demo.recount_segments import Table
from streams.demo.report import (
    DemoReport,
    Figures,
    Latency,
    experiment_lines,
    flows,
    most_reached,
    net_donations,
    top_donors,
)
from streams.demo.script import Script, write_script
from streams.demo.servers import naming_own_servers, refuse_used_cluster, start_stack
from streams.demo.source_system import DAY
from streams.demo.truth import ContactFields
from streams.demo.workers import Workers, launch_workers
from streams.engine.garbage_collector import collect_rarely, collecting_later
from streams.local.stack import ExistingServers, Stack
from streams.platform.errors import EngineError
from streams.platform.settings import Settings, variable_of
from streams.platform.shutdown import signals_end_the_block


class DemoBusy(EngineError):
    """Another demo runs in the same directory, or its workers were kept."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """Options of a run. `scale` multiplies the invented records; `keep`: leave stack and workers running.

    `hour_s`: play an evening, an hour of it in so many seconds (0: none); None: play none. `visit`: serve a console
    with what is there, for the length of this visit. `regime`: `fr` tells the story of an invented French campaign.
    """

    seed: int = 2012
    scale: float = 1.0
    processes: int = 1
    keep: bool = False
    hour_s: float | None = None
    visit: Visit | None = None
    regime: RegimeName = "us"


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The outcome of a run: its report, and how to reach the servers and workers that were kept."""

    story: DemoReport
    stack: Stack
    workers: Workers
    log: Path
    regime: RegimeName = "us"

    @property
    def environment(self) -> dict[str, str]:
        """The environment with which a command reaches them, with the regime that the workers have."""
        return {**self.stack.environment, **({} if self.regime == "us" else {"HARMONIA_REGIME": self.regime})}


def run_demo(settings: Settings, options: DemoOptions, console: Console) -> DemoResult:
    """Run the demo once, on a fresh stack, and print its last page; with a `visit` the console's link comes first.

    Raises `LocalStackError`, `ClusterNotEmpty`, `OwnServerSilent` or `PipelineStuck`. Everything it started is stopped
    at the end; with `keep` only after a failure.
    """
    home = settings.home.resolve() / "demo"
    log = home / "worker.log"
    with signals_end_the_block(), _alone(home) as lock, ExitStack() as started, ExitStack() as using:
        given = ExistingServers.of(settings)
        today = _now() // DAY * DAY
        writing = begin(partial(_script, options, today), using) if given.kafka_bootstrap is None else None
        stack = start_stack(home, given, options.keep, console, started)
        using.enter_context(naming_own_servers(stack, given, home))
        if writing is None:
            refuse_used_cluster(settings)
            writing = begin(partial(_script, options, today), using)
        deployment = using.enter_context(_deployment(_settings_of(settings, stack, home, options), console))
        environment = {**stack.environment, **_environment_of(options, deployment.settings)}
        workers = launch_workers(environment, log, options.processes, [lock], restart=True)
        started.callback(workers.stop)
        browsing = None
        if options.visit:
            browsing = Browsing(stack.environment, home / "policy" / "policy.toml", home / "console", console)
            browsing.begin(started)
        with phase(console, "Starting the workers"):
            workers.wait_until_working(options.processes)
        with phase(console, "Writing the script"):
            script = writing.result()
        collect_rarely()  # the script stays to the end
        if browsing is not None:
            browsing.offer(list_to_try(script.accepted()))
        run = _Run(deployment, script, workers, console, options.hour_s or 0.0, today, using)
        told = _publish(run)
        if browsing is not None:
            browsing.begin_lake(started)
        story = _check(run, told)
        console.print(render(story))
        if browsing is not None and options.visit is not None:
            browsing.end(options.visit, workers.must_run)
        if options.keep:
            started.pop_all()
    return DemoResult(story, stack, workers, log, options.regime)


@contextmanager
def _deployment(settings: Settings, console: Console) -> Iterator[Deployment]:
    with ExitStack() as open_:
        with phase(console, "Making the topics"):
            deployment = open_.enter_context(open_deployment(settings))
        yield deployment


def _now() -> int:
    return time.time_ns() // 1_000_000


@contextmanager
def _alone(home: Path) -> Iterator[int]:
    """Hold the lock of a home directory; workers that are kept hold it too, by the descriptor."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "demo.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoBusy(
                f"another demo, or what it kept, runs in {home}: stop it, or set HARMONIA_HOME to another directory"
            ) from None
        yield file.fileno()


def _script(options: DemoOptions, today: int) -> Script:
    with collecting_later():  # hundreds of thousands of objects that stay
        if options.regime == "fr":
            return french_script(options.seed, options.scale, today)
        evening_starts = None if options.hour_s is None else last_evening(_now())
        return write_script(options.seed, options.scale, today, evening_starts)


def _environment_of(options: DemoOptions, settings: Settings) -> dict[str, str]:
    """The variables of workers besides servers: the regime of the story, whatever is set where the demo runs."""
    found = {"HARMONIA_STATE_DIR": str(settings.state_dir), "HARMONIA_REGIME": options.regime}
    found |= {variable_of(name): str(value) for name, value in REGIMES[options.regime].settings.items()}
    if options.visit is not None:
        found["HARMONIA_POLICY"] = str(settings.policy)
    if options.hour_s is not None:
        letters = letters_of(options.scale) // options.processes  # each process sees its share
        found["HARMONIA_QUARANTINE_LETTERS"] = str(max(1, letters))
    return found


def _settings_of(settings: Settings, stack: Stack, home: Path, options: DemoOptions) -> Settings:
    where: dict[str, object] = {
        "kafka_bootstrap": stack.kafka_bootstrap,
        "redis_url": stack.redis_url,
        "state_dir": home / "state",
        "regime": options.regime,
        **REGIMES[options.regime].settings,
    }
    if options.visit is not None:
        where["policy"] = own_policy(settings.policy, options.regime, home / "policy")
    return settings.model_copy(update=where)


@dataclass(frozen=True, slots=True)
class _Run:
    """The parts of a run, until `using` ends. `hour_s`: as in `DemoOptions`; `today`: the script's midnight, ms."""

    deployment: Deployment
    script: Script
    workers: Workers
    console: Console
    hour_s: float
    today: int
    using: ExitStack


@dataclass(frozen=True, slots=True)
class Recounted:
    """The oracle's recount of a script: profiles, sums of experiments, and who is in which segment."""

    profiles: Mapping[str, Profile]
    experiments: Truth
    members: segments.Memberships


def recounted(
    script: Script, identify: Callable[[ContactFields], str], asked: Sequence[Table], at: datetime
) -> Recounted:
    """Ask the oracle about a whole script. `asked`: segments, at that moment."""
    with collecting_later():
        return Recounted(
            script.profiles(identify),
            script.experiments(identify),
            segments.memberships(script.accepted(), identify, asked, at),
        )


@dataclass(frozen=True, slots=True)
class _Told:
    """The result of publishing, and what is asked about it; `recounting`: the oracle's answer, under way."""

    played: PlayResult
    evening: PlayedEvening | None
    plans: Sequence[ExperimentDefinition]
    recounting: "Future[Recounted]"


def _publish(run: _Run) -> _Told:
    """Publish all there is, and wait until it is in Redis."""
    deployment, script, workers, console = run.deployment, run.script, run.workers, run.console
    plans, at = plans_of(script.accepted()), segments.moment_of_check()
    asked = segments.tables(at)
    with bars(console, len(script.publications), sum(one.reason is None for one in script.publications)) as move:

        def show(acknowledged: int, seen: Progress) -> None:
            workers.must_run()
            move(acknowledged, seen)

        define(deployment.producer, deployment.settings.partitions, plans)
        segments.define(deployment.producer, deployment.settings.partitions, asked[::2])
        played = play(deployment, script, show)
    recounting = begin(lambda: recounted(script, deployment.identify, asked, at), run.using)
    evening = _play_evening(run)
    segments.define(deployment.producer, deployment.settings.partitions, asked[1::2])
    segments.state_the_time(deployment, at)
    return _Told(played, evening, plans, recounting)


def _check(run: _Run, told: _Told) -> DemoReport:
    """Hold everything to the recount, and add up the figures."""
    deployment, script, evening = run.deployment, run.script, told.evening
    with phase(run.console, "Recounting every profile from what was sent") as shown:
        truth = told.recounting.result()
        shown.become("Checking every profile against the recount")
        in_redis, letters = profiles_in_redis(deployment.redis), _letters(deployment, script)
        differences: list[Difference] = []
        for what, check in _checks(run, truth, in_redis, evening):
            shown.move(what)
            differences += check()
        differences += compare_letters(script.letters(), letters)
        shown.become("Adding up the figures")
        profiles = (truth.profiles if differences else in_redis).values()
        duplicates = counted(run.workers.addresses_now(), "harmonia_duplicates_total")
        figures = _figures(deployment, script, told.played, in_redis, letters=letters, duplicates=duplicates)
        if script.evening is not None and evening is not None:
            figures = replace(figures, evening=evening_figures(deployment, script.evening, evening))
    return DemoReport(
        figures,
        flows(script.everything()),
        most_reached(profiles),
        experiment_lines(results_in_redis(deployment.redis, [plan.id for plan in told.plans])),
        len(truth.profiles),
        differences,
        deployment.settings.regime == "fr",
    )


def _checks(
    run: _Run, truth: Recounted, in_redis: Mapping[str, Profile], evening: PlayedEvening | None
) -> Iterator[tuple[str, Callable[[], Iterable[Difference]]]]:
    """Names of what is compared, and the comparison."""
    deployment, script = run.deployment, run.script
    topic = deployment.consumer
    yield "profiles in Redis", lambda: compare_profiles(truth.profiles, in_redis, "redis")
    yield (
        "profiles in contact-state",
        lambda: compare_profiles(truth.profiles, profiles_in_topic(topic), "contact-state"),
    )
    yield (
        "closed channels",
        lambda: compare_profiles(
            all_closed_channels(truth.profiles), closed_channels_in_topic(topic), "contact-suppressions"
        ),
    )
    yield "experiments", lambda: wrong_results(deployment.redis, truth.experiments)
    if script.evening is not None and evening is not None:
        of_evening = partial(evening_differences, deployment, script.accepted(), script.evening, evening)
        yield "campaigns and alerts of the evening", of_evening
    if deployment.settings.regime == "fr":
        yield (
            "consent, provenance and retention",
            lambda: wrong_rights(script.accepted(), in_redis, deployment.hasher, run.today),
        )
    yield "segments", lambda: segments.wrong_memberships(deployment, truth.members)


def _play_evening(run: _Run) -> PlayedEvening | None:
    evening = run.script.evening
    if evening is None:
        return None
    with evening_lines(run.console, evening) as teller:
        return play_evening(run.deployment, evening, run.hour_s, run.workers, teller)


def _letters(deployment: Deployment, script: Script) -> list[Letter]:
    """The dead letters, and of an evening the bad records that stay held."""
    found = letters_in_topic(deployment.consumer)
    if script.evening is not None:
        found += held_letters(deployment.consumer, {value: reason for reason, value in script.letters()})
    return found


def _figures(  # noqa: PLR0913 (each is a source of figures)
    deployment: Deployment,
    script: Script,
    played: PlayResult,
    in_redis: Mapping[str, Profile],
    *,
    letters: Sequence[Letter],
    duplicates: int,
) -> Figures:
    places = {(letter.reason, *letter[1:4]) for letter in letters}
    hundredths = statistics.quantiles(played.latencies, n=100)
    return Figures(
        published=len(script.everything()),
        accepted=deployment.observer.progress().interactions,
        duplicates=duplicates,
        dead_letters=dict(Counter(place[0] for place in places).most_common()),
        contacts=len(in_redis),
        net_donations=net_donations(in_redis.values()),
        timed=played.records,
        seconds=round(played.seconds, 2),
        events_per_second=round(played.records / played.seconds),
        top_donors=top_donors(in_redis.values()),
        latency_ms=Latency(round(hundredths[49] * 1000, 1), round(hundredths[98] * 1000, 1)),
    )
