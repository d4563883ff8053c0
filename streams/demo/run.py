"""One run of the demo: starts the servers and workers, publishes the script, compares the results with the oracle."""

import fcntl
import shutil
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from streams.demo.check import Difference, compare_letters, compare_profiles
from streams.demo.console import bars
from streams.demo.deployment import Deployment, counted, open_deployment
from streams.demo.experiments import define, plans_of, results_in_redis, wrong_results
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
from streams.platform.settings import Settings, env_file_note
from streams.platform.shutdown import signals_end_the_block


class ClusterNotEmpty(EngineError):
    """The cluster that was given holds records already, which the demo could not tell from its own."""


class DemoBusy(EngineError):
    """Another demo runs in the same directory, or its workers were kept."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """Options of a run. `scale` multiplies the invented records; `keep`: leave stack and workers running."""

    seed: int = 2012
    scale: float = 1.0
    processes: int = 1
    keep: bool = False


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The outcome of a run: its report, and how to reach the servers and workers that were kept."""

    story: DemoReport
    stack: Stack
    workers: Workers
    log: Path


def run_demo(settings: Settings, options: DemoOptions, console: Console) -> DemoResult:
    """Run the demo once, on a fresh stack. Raises `LocalStackError`, `ClusterNotEmpty` or `PipelineStuck`.

    Everything it started is stopped at the end; with `keep` only after a failure.
    """
    home = settings.home.resolve() / "demo"
    log = home / "worker.log"
    with console.status("Writing the script"):
        script = write_script(options.seed, options.scale, _today())
    with signals_end_the_block(), _alone(home) as lock, ExitStack() as started:
        stack = _start_stack(home, ExistingServers.of(settings), options.keep, console, started)
        with open_deployment(_settings_of(settings, stack, home)) as deployment:
            if deployment.records():
                raise ClusterNotEmpty(
                    f"the topics at KAFKA_BOOTSTRAP{env_file_note('KAFKA_BOOTSTRAP')} hold records already; "
                    "the demo needs a cluster of its own, and starts one where that is not set"
                )
            environment = {**stack.environment, "HARMONIA_STATE_DIR": str(deployment.settings.state_dir)}
            with console.status("Starting the workers"):
                workers = start_workers(environment, log, options.processes, [lock], restart=True)
            started.callback(workers.stop)
            story = _tell(deployment, script, workers, console)
        if options.keep:
            started.pop_all()
    return DemoResult(story, stack, workers, log)


def _today() -> int:
    now = time.time_ns() // 1_000_000
    return now - now % DAY


@contextmanager
def _alone(home: Path) -> Iterator[int]:
    """Hold the lock of a home directory; workers that are kept hold it too, by the descriptor."""
    home.mkdir(parents=True, exist_ok=True)
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


def _settings_of(settings: Settings, stack: Stack, home: Path) -> Settings:
    where = {"kafka_bootstrap": stack.kafka_bootstrap, "redis_url": stack.redis_url, "state_dir": home / "state"}
    return settings.model_copy(update=where)


def _tell(deployment: Deployment, script: Script, workers: Workers, console: Console) -> DemoReport:
    plans = plans_of(script.accepted())
    with bars(console, len(script.publications), len(script.accepted())) as move:

        def show(acknowledged: int, seen: Progress) -> None:
            workers.must_run()
            move(acknowledged, seen)

        define(deployment.producer, deployment.settings.partitions, plans)
        played = play(deployment, script, show)
    with console.status("Checking every profile against a recount"):
        truth, in_redis = script.profiles(deployment.identify), profiles_in_redis(deployment.redis)
        differences = _compare(deployment, script, truth, in_redis)
        shown = (truth if differences else in_redis).values()
        figures = _figures(deployment, script, workers, played, in_redis)
    return DemoReport(
        figures,
        flows(script.publications),
        most_reached(shown),
        experiment_lines(results_in_redis(deployment.redis, [plan.id for plan in plans])),
        len(truth),
        differences,
    )


def _compare(
    deployment: Deployment, script: Script, truth: Mapping[str, Profile], in_redis: Mapping[str, Profile]
) -> list[Difference]:
    return [
        *compare_profiles(truth, in_redis, "redis"),
        *compare_profiles(truth, profiles_in_topic(deployment.consumer), "contact-state"),
        *compare_profiles(
            all_closed_channels(truth), closed_channels_in_topic(deployment.consumer), "contact-suppressions"
        ),
        *compare_letters(script.letters(), letters_in_topic(deployment.consumer)),
        *wrong_results(deployment.redis, script.experiments(deployment.identify)),
    ]


def _figures(
    deployment: Deployment, script: Script, workers: Workers, played: PlayResult, in_redis: Mapping[str, Profile]
) -> Figures:
    letters = {(letter.reason, *letter[1:4]) for letter in letters_in_topic(deployment.consumer)}
    hundredths = statistics.quantiles(played.latencies, n=100)
    return Figures(
        published=len(script.publications),
        accepted=deployment.observer.progress().interactions,
        duplicates=counted(workers.addresses_now(), "harmonia_duplicates_total"),
        dead_letters=dict(Counter(letter[0] for letter in letters).most_common()),
        contacts=len(in_redis),
        net_donations=net_donations(in_redis.values()),
        seconds=round(played.seconds, 2),
        events_per_second=round(played.records / played.seconds),
        top_donors=top_donors(in_redis.values()),
        latency_ms=Latency(round(hundredths[49] * 1000, 1), round(hundredths[98] * 1000, 1)),
    )
