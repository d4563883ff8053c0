"""An evening of the demo's campaign in minutes, with two workers, the API and a Prometheus that sees all of it."""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from benchmarks.asking.server import Client, serving
from benchmarks.screenshots.dashboards import compressed
from streams.demo.deployment import Deployment, open_deployment
from streams.demo.publishing import publish, publish_refused
from streams.demo.script import Script, write_script
from streams.demo.truth import Publication
from streams.demo.workers import Workers, start_workers
from streams.local.prometheus import find_prometheus, scrape_config, start_prometheus
from streams.local.server import HOST, choose_ports, stop
from streams.local.stack import local_stack
from streams.platform.settings import Settings

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules"
CACHE = Path.home() / ".cache" / "harmonia" / "prometheus"
TEAMS = '[teams.digital]\nhours = ["mon-sun 00:00-24:00"]\n[teams.field]\nhours = ["mon-sun 00:00-24:00"]\n'
SETTLE_S = 8.0
_CHANNELS = ("email", "text", "phone")


@dataclass(frozen=True, slots=True)
class Evening:
    """Prometheus' address, and when the evening began and ended, in seconds since 1970."""

    prometheus: str
    span: tuple[float, float]


@dataclass(slots=True)
class _Site:
    deployment: Deployment
    folder: Path
    environment: dict[str, str]
    ports: Sequence[int]
    workers: list[Workers]

    def start(self, number: int) -> None:
        """Start one of the workers, for the first time or again."""
        own = {"HARMONIA_STATE_DIR": str(self.folder / f"state-{number}")}
        own["HARMONIA_METRICS_PORT"] = str(self.ports[number])
        started = start_workers({**self.environment, **own}, self.folder / f"worker-{number}.log")
        self.workers[number:] = [started, *self.workers[number + 1 :]]


@contextmanager
def evening(folder: Path, seconds: float, scale: float, seed: int) -> Iterator[Evening]:
    """Play it, and let Prometheus be asked for the length of a block. Raises `LocalStackError`."""
    tools = find_prometheus(CACHE, print)
    script = write_script(seed, scale)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "teams.toml").write_text(TEAMS)
    ports = choose_ports(0, 0, 0)
    with ExitStack() as open_:
        stack = open_.enter_context(local_stack(folder / "stack"))
        settings = Settings(kafka_bootstrap=stack.kafka_bootstrap, redis_url=stack.redis_url)
        deployment = open_.enter_context(open_deployment(settings))
        environment = {**stack.environment, "HARMONIA_TEAMS": str(folder / "teams.toml")}
        site = _Site(deployment, folder, environment, ports, [])
        config = _config(folder, ports)
        server = start_prometheus(folder / "prometheus", tools, config)
        open_.callback(stop, [folder / "prometheus"])
        began = time.time()
        open_.callback(lambda: [each.stop() for each in site.workers])
        for number in range(2):
            site.start(number)
        api = open_.enter_context(serving(settings, folder / "api", HARMONIA_METRICS_PORT=str(ports[2])))
        _play(site, script, seconds, api)
        time.sleep(SETTLE_S)
        yield Evening(f"http://{server.address}", (began, time.time()))


def _config(folder: Path, ports: Sequence[int]) -> Path:
    rules = []
    for file in sorted(RULES.glob("*.yml")):
        rules.append(folder / file.name)
        rules[-1].write_text(compressed(file.read_text()))
    targets = {"harmonia-worker": [f"{HOST}:{port}" for port in ports[:2]], "harmonia-api": [f"{HOST}:{ports[2]}"]}
    config = folder / "prometheus.yml"
    config.write_text(scrape_config(targets, rules, 1))
    return config


def _play(site: _Site, script: Script, seconds: float, api: str) -> None:
    """One worker is stopped after half of it, and started again a little later."""
    producer = site.deployment.producer
    publish_refused(producer, script.refused_rows, time.time_ns() // 1_000_000)
    began = time.monotonic()
    for number, part in enumerate(_shares(script.publications, int(seconds))):
        publish(producer, part, lambda: None)
        _ask(api, site.deployment, part, number)
        if number == int(seconds * 0.55):
            site.workers[1].stop()
        if number == int(seconds * 0.62):
            site.start(1)
        time.sleep(max(0.0, began + number + 1 - time.monotonic()))


def _shares(publications: Sequence[Publication], seconds: int) -> Iterator[Sequence[Publication]]:
    """What is published each second: it comes and goes, with one big mailing."""
    weights = [_busy(at / seconds) for at in range(seconds)]
    done = 0.0
    for weight in weights:
        begin, done = done, done + weight
        yield publications[int(len(publications) * begin / sum(weights)) : int(len(publications) * done / sum(weights))]


def _busy(at: float) -> float:
    """How much is going on, at a time from 0 to 1."""
    return 1.3 + math.sin(at * 13) + 6 * math.exp(-(((at - 0.3) * 22) ** 2))


def _ask(api: str, deployment: Deployment, part: Sequence[Publication], number: int) -> None:
    """Before each mailing somebody asks; over a new connection, since the API ends those that are idle."""
    contacts = [{"contact_id": deployment.identify(one.sent.contact)} for one in part[:40] if one.reason is None]
    if contacts:
        asked = {"channel": _CHANNELS[number % 3], "purpose": "fundraising", "team": "bench", "contacts": contacts}
        Client(api).ask(orjson.dumps(asked))
