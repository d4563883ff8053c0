"""One run of the demo: starts the servers and workers, publishes the script, compares the results with the oracle."""

import fcntl
import shutil
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from events.regimes import REGIMES, RegimeName
from streams.demo import segments
from streams.demo.browsing import Browsing, Visit
from streams.demo.check import Difference, Letter, compare_letters, compare_profiles
from streams.demo.console import bars, evening_lines, render
from streams.demo.deployment import Deployment, counted, open_deployment
from streams.demo.evening import last_evening
from streams.demo.evening_play import PlayedEvening, play_evening
from streams.demo.evening_report import evening_differences, evening_figures, held_letters
from streams.demo.experiments import define, plans_of, results_in_redis, wrong_results
from streams.demo.french.rights_check import wrong_rights
from streams.demo.french.story import french_script
from streams.demo.oracle import all_closed_channels
from streams.demo.progress import Progress
from streams.demo.publishing import PlayResult, play
from streams.demo.read_back import closed_channels_in_topic, letters_in_topic, profiles_in_redis, profiles_in_topic
from streams.demo.recount import Profile
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
from streams.demo.source_system import DAY
from streams.demo.workers import Workers, start_workers
from streams.local.stack import ExistingServers, Stack, local_stack, start, stop
from streams.platform.errors import EngineError
from streams.platform.settings import Settings, env_file_note, variable_of
from streams.platform.shutdown import signals_end_the_block


class ClusterNotEmpty(EngineError):
    """The cluster that was given holds records already, which the demo could not tell from its own."""


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
        """What a command needs to reach them, with the regime that the workers have."""
        return {**self.stack.environment, **({} if self.regime == "us" else {"HARMONIA_REGIME": self.regime})}


def run_demo(settings: Settings, options: DemoOptions, console: Console) -> DemoResult:
    """Run the demo once, on a fresh stack, and print its last page.

    Raises `LocalStackError`, `ClusterNotEmpty` or `PipelineStuck`. Everything it started is stopped at the end; with
    `keep` only after a failure.
    """
    home = settings.home.resolve() / "demo"
    log = home / "worker.log"
    with console.status("Writing the script"):
        evening_starts = None if options.hour_s is None else last_evening(_now())
        today = _now() // DAY * DAY
        script = _script(options, today, evening_starts)
    with signals_end_the_block(), _alone(home) as lock, ExitStack() as started:
        stack = _start_stack(home, ExistingServers.of(settings), options.keep, console, started)
        with open_deployment(_settings_of(settings, stack, home, options.regime)) as deployment:
            if deployment.records():
                raise ClusterNotEmpty(
                    f"the topics at KAFKA_BOOTSTRAP{env_file_note('KAFKA_BOOTSTRAP')} hold records already; "
                    "the demo needs a cluster of its own, and starts one where that is not set"
                )
            environment = {**stack.environment, "HARMONIA_STATE_DIR": str(deployment.settings.state_dir)}
            environment |= _environment_of(options.regime)
            if script.evening is not None:
                letters = max(1, script.evening.letters // options.processes)  # each process sees its share
                environment["HARMONIA_QUARANTINE_LETTERS"] = str(letters)
            with console.status("Starting the workers"):
                workers = start_workers(environment, log, options.processes, [lock], restart=True)
            started.callback(workers.stop)
            browsing = Browsing(stack.environment, home / "console", console, started) if options.visit else None
            story = _tell(_Run(deployment, script, workers, console, options.hour_s or 0.0, browsing, today))
            console.print(render(story))
            if browsing is not None and options.visit is not None:
                browsing.end(options.visit, workers.must_run)
        if options.keep:
            started.pop_all()
    return DemoResult(story, stack, workers, log, options.regime)


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


def _start_stack(home: Path, given: ExistingServers, keep: bool, console: Console, started: ExitStack) -> Stack:
    stop(home, wipe=True)
    shutil.rmtree(home / "state", ignore_errors=True)
    with console.status("Starting Kafka and Redis") as status:
        if not keep:
            return started.enter_context(local_stack(home, given, status.update))
        stack = start(home, given, status.update)
        started.callback(stop, home)
        return stack


def _script(options: DemoOptions, today: int, evening_starts: int | None) -> Script:
    if options.regime == "fr":
        return french_script(options.seed, options.scale, today)
    return write_script(options.seed, options.scale, today, evening_starts)


def _environment_of(regime: RegimeName) -> dict[str, str]:
    """The settings of the regime of the story, whatever is set where the demo runs."""
    given = {variable_of(name): str(value) for name, value in REGIMES[regime].settings.items()}
    return {"HARMONIA_REGIME": regime, **given}


def _settings_of(settings: Settings, stack: Stack, home: Path, regime: RegimeName) -> Settings:
    where: dict[str, object] = {
        "kafka_bootstrap": stack.kafka_bootstrap,
        "redis_url": stack.redis_url,
        "state_dir": home / "state",
        "regime": regime,
        **REGIMES[regime].settings,
    }
    return settings.model_copy(update=where)


@dataclass(frozen=True, slots=True)
class _Run:
    """The parts of a run; `hour_s` and `browsing` as in `DemoOptions`. `today`: the midnight of the script, ms."""

    deployment: Deployment
    script: Script
    workers: Workers
    console: Console
    hour_s: float
    browsing: Browsing | None
    today: int


def _tell(run: _Run) -> DemoReport:
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
    evening = _play_evening(run)
    segments.define(deployment.producer, deployment.settings.partitions, asked[1::2])
    with console.status("Checking every profile against a recount"):
        truth, in_redis = script.profiles(deployment.identify), profiles_in_redis(deployment.redis)
        letters = _letters(deployment, script)
        segments.state_the_time(deployment, at)
        differences = [*_compare(deployment, script, truth, in_redis), *compare_letters(script.letters(), letters)]
        if script.evening is not None and evening is not None:
            differences += evening_differences(deployment, script.accepted(), script.evening, evening)
        if deployment.settings.regime == "fr":
            differences += wrong_rights(script.accepted(), in_redis, deployment.hasher, run.today)
        members = segments.memberships(script.accepted(), deployment.identify, asked, at)
        differences += segments.wrong_memberships(deployment, members)
        shown = (truth if differences else in_redis).values()
        duplicates = counted(workers.addresses_now(), "harmonia_duplicates_total")
        figures = _figures(deployment, script, played, in_redis, letters=letters, duplicates=duplicates)
        if script.evening is not None and evening is not None:
            figures = replace(figures, evening=evening_figures(deployment, script.evening, evening))
    return DemoReport(
        figures,
        flows(script.everything()),
        most_reached(shown),
        experiment_lines(results_in_redis(deployment.redis, [plan.id for plan in plans])),
        len(truth),
        differences,
        deployment.settings.regime == "fr",
    )


def _play_evening(run: _Run) -> PlayedEvening | None:
    evening = run.script.evening
    if evening is None:
        return None
    if run.browsing is not None and run.hour_s:
        run.browsing.begin()  # for who wants to look on
    with evening_lines(run.console, evening) as teller:
        return play_evening(run.deployment, evening, run.hour_s, run.workers, teller)


def _letters(deployment: Deployment, script: Script) -> list[Letter]:
    """The dead letters, and of an evening the bad records that stay held."""
    found = letters_in_topic(deployment.consumer)
    if script.evening is not None:
        found += held_letters(deployment.consumer, {value: reason for reason, value in script.letters()})
    return found


def _compare(
    deployment: Deployment, script: Script, truth: Mapping[str, Profile], in_redis: Mapping[str, Profile]
) -> list[Difference]:
    return [
        *compare_profiles(truth, in_redis, "redis"),
        *compare_profiles(truth, profiles_in_topic(deployment.consumer), "contact-state"),
        *compare_profiles(
            all_closed_channels(truth), closed_channels_in_topic(deployment.consumer), "contact-suppressions"
        ),
        *wrong_results(deployment.redis, script.experiments(deployment.identify)),
    ]


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
        seconds=round(played.seconds, 2),
        events_per_second=round(played.records / played.seconds),
        top_donors=top_donors(in_redis.values()),
        latency_ms=Latency(round(hundredths[49] * 1000, 1), round(hundredths[98] * 1000, 1)),
    )
