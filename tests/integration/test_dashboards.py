"""A real Prometheus scrapes all that serves while the demo's teams speak: every panel shows something."""

import math
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from streams.demo.deployment import open_deployment
from streams.demo.publishing import publish
from streams.demo.script import write_script
from streams.demo.truth import Publication
from streams.demo.workers import start_workers
from streams.local.prometheus import Prometheus, query, rule_errors, scrape_config, start_prometheus
from streams.local.server import stop
from streams.local.stack import Stack
from tests.integration.api_process import TOKENS, Api, running_api
from tests.integration.command import on
from tests.integration.console_process import Visitor, console_process, one_person
from tests.integration.follow_process import following
from tests.integration.gateway_process import Gateway, running_gateway
from tests.integration.system import ask, environment_of_worker, settings_of
from tests.integration.waiting import until
from tests.prometheus import prometheus_or_skip
from tests.unit.deploy.dashboards import Query, queries
from tests.unit.deploy.rules import RULES, rules

SEED, SCALE, GIFTS_OF_THE_FILE = 40, 0.1, 300
"""Whether a person clicked is judged of one contact in 32, and in so small a demo most seeds have no such click."""
WEBHOOK = b"""[
    {"email": "nobody@example.org", "event": "open", "timestamp": 1770000000, "sg_message_id": "a.b"},
    {"email": "nobody@example.org", "event": "no such event", "timestamp": 1770000000}
]"""
TEAMS = '[teams.digital]\nhours = ["mon-sun 00:00-24:00"]\n'
EMPTY_ON_A_GOOD_DAY = {
    "ALERTS": "nothing is wrong",
    "harmonia_sink_errors_total": "Redis is there",
    "harmonia_sink_refills_total": "Redis was not flushed since the worker began",
    "harmonia_api_incomplete_total": "Redis lacks nothing",
    "harmonia_api_refused_total": "nobody without a token asks",
    "harmonia_identity_findings_total": "no identifier is shared by a crowd",
    "harmonia_source_quarantined_since_seconds": "no source is in quarantine",
    "harmonia_lake_": "nobody fills a lake here",
}
"""Metrics that have no sample then, each with why."""


@dataclass(frozen=True, slots=True)
class Scraped:
    """Prometheus' address, and those of what it scrapes."""

    url: str
    api: Api
    gateway: Gateway
    console: Visitor
    metrics: list[str]
    tools: Prometheus


@pytest.fixture(scope="module")
def scraped(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    tools, folder = prometheus_or_skip(), tmp_path_factory.mktemp("scraped")
    (folder / "teams.toml").write_text(TEAMS)
    with open_deployment(settings_of(stack)) as deployment:
        environment = environment_of_worker(stack, folder, HARMONIA_TEAMS=str(folder / "teams.toml"))
        workers = start_workers(environment, folder / "worker.log")
        try:
            people = {"HARMONIA_CONSOLE_PEOPLE": str(one_person(folder, "ada"))}
            desk = {"HARMONIA_DESK": str(folder / "desk.sqlite"), "HARMONIA_METRICS_PORT": "0"}
            with (
                running_api(folder, on(stack, **TOKENS)) as api,
                running_gateway(folder, on(stack)) as gateway,
                following(folder, "follow", on(stack, **desk)) as follow,
                console_process(folder, on(stack, **people, **desk)) as console,
            ):
                metrics = [*workers.addresses, api.metrics, gateway.metrics, console.metrics, follow.metrics]
                visitor = Visitor(console.url)
                visitor.sign_in("ada")
                server = start_prometheus(folder / "prometheus", tools, config_in(folder, metrics))
                try:
                    url = f"http://{server.address}"
                    said = some_of_the_demo()
                    publish(deployment.producer, said[::2], lambda: None)
                    # Of a series that appears, nobody knows what it rose by.
                    until(lambda: all_is_shown(url, len(said[::2])), "the first part in Prometheus", patience=90)
                    publish(deployment.producer, said[1::2], lambda: None)
                    yield Scraped(url, api, gateway, visitor, metrics, tools)
                finally:
                    stop([folder / "prometheus"])
        finally:
            workers.stop()


def all_is_shown(url: str, published: int) -> bool:
    """Whether Prometheus has seen so many records taken in, and none waiting."""
    taken = query(url, 'sum(harmonia_interactions_total{topic!="interactions",outcome=~"accepted|refused|held"})')
    waiting = query(url, "sum(harmonia_lag_records)")
    return bool(taken and waiting) and taken[0].points[-1][1] >= published and waiting[0].points[-1][1] == 0


def config_in(folder: Path, metrics: list[str]) -> Path:
    jobs = ("worker", "api", "gateway", "console", "console-follow")
    addresses = (address.removeprefix("http://").removesuffix("/metrics") for address in metrics)
    targets = {f"harmonia-{job}": [address] for job, address in zip(jobs, addresses, strict=True)}
    config = folder / "prometheus.yml"
    config.write_text(scrape_config(targets, RULES, 1))
    return config


def some_of_the_demo() -> list[Publication]:
    """All that teams say, and a few gifts of the file."""
    said = write_script(SEED, SCALE).publications
    of_the_file = [one for one in said if one.sent.source.startswith("fec")]
    left_out = {id(one) for one in of_the_file[GIFTS_OF_THE_FILE:]}
    return [one for one in said if id(one) not in left_out]


def ask_for_permission(api: Api) -> None:
    """Refused while Redis is not whole."""
    asked = {"channel": "email", "purpose": "fundraising", "contacts": [{"email": "nobody@example.org"}]}
    api.ask("/v1/permissions", asked)


def send_webhooks(gateway: Gateway) -> None:
    """One that is taken, with an element that is not, and one that nobody vouches for."""
    assert gateway.send("/v1/hooks/sendgrid", WEBHOOK)[0] == 204
    assert gateway.send("/v1/hooks/sendgrid", WEBHOOK, Authorization="Basic bm9ib2R5OmE=")[0] == 401


def look_at_pages(console: Visitor) -> None:
    """A page, with blocks that are live; and a form that did not come from it, which is refused."""
    assert console.ask("/status")[0] == 200
    with console.open("/events?page=status") as stream:
        assert stream.readline()
    assert console.ask("/choices", theme="dark")[0] == 403


def shows(url: str, expression: str) -> bool:
    found = query(url, expression.replace("$__rate_interval", "1m"))
    return any(math.isfinite(value) for series in found for _, value in series.points)


def may_be_empty(expression: str) -> bool:
    return any(name in expression for name in EMPTY_ON_A_GOOD_DAY)


def test_every_panel_shows_something(scraped: Scraped) -> None:
    wanted = [each for each in queries() if not may_be_empty(each.expression)]

    def lacking() -> list[Query]:
        ask_for_permission(scraped.api)
        send_webhooks(scraped.gateway)
        look_at_pages(scraped.console)
        return [each for each in wanted if not shows(scraped.url, each.expression)]

    try:
        until(lambda: not lacking(), "data in every panel")
    except TimeoutError:
        assert lacking() == []
    assert len(wanted) > 50


def test_what_may_be_empty_is_asked_for(scraped: Scraped) -> None:
    for name in EMPTY_ON_A_GOOD_DAY:
        assert [each for each in queries() if name in each.expression], name


def test_every_recorded_rule_has_data_and_no_rule_fails(scraped: Scraped) -> None:
    for record in (rule["record"] for rule in rules() if "record" in rule):
        until(lambda name=record: shows(scraped.url, name), record)  # type: ignore[misc]
    assert rule_errors(scraped.url) == []
    assert query(scraped.url, 'ALERTS{alertstate="firing", severity="page"}') == []


def test_promtool_finds_nothing_wrong_with_metrics(scraped: Scraped) -> None:
    for address in scraped.metrics:
        text = ask(address)[1]
        checked = subprocess.run(
            [scraped.tools.promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
        )
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
