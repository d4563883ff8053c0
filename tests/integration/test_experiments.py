"""Results of experiments are what was said of their people, also after the definition was changed."""

from datetime import UTC, datetime, timedelta

import orjson

from events.experiment_results import ExperimentResult
from events.experiments import ExperimentDefinition
from events.json_types import JSON
from events.topics import EXPERIMENT_DEFINITIONS, EXPERIMENT_RESULTS
from streams.domain.experiments.definition_records import definition_record
from tests.integration.said import event, fresh, structured
from tests.integration.system import System
from tests.integration.tap import Tap, tapped
from tests.integration.waiting import until

DAY = timedelta(days=1)
BEGUN = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - 20 * DAY
TOPICS = {"email": "email-events", "donation": "donation-events", "contact": "contact-commands"}


class Trial:
    """An experiment, and people of whom something is said."""

    def __init__(self, system: System) -> None:
        self.name = f"subject-{fresh()}"
        self._system = system

    def say(self, type_: str, who: str | None, after: timedelta = DAY, **data: JSON) -> str:
        """Something that happened so long after the beginning; returns its id."""
        said = event(type_, None if who is None else {"contact_id": who}, **data)
        said["time"] = (BEGUN + after).isoformat()
        value, headers = structured(said)
        topic = TOPICS.get(type_.partition(".")[0], "outreach-events")
        self._system.deployment.producer.send(topic, value, (who or "").encode(), headers).get(30)
        return str(said["id"])

    def assign(self, who: str, variant: str, type_: str = "experiment.assigned", after: timedelta = timedelta()) -> str:
        """One who is given a variant."""
        self.say(type_, who, after, experiment={"id": self.name, "variant": variant})
        return who

    def define(self, **fields: JSON) -> None:
        """Say how people are to be counted."""
        definition = ExperimentDefinition.model_validate_json(orjson.dumps({"id": self.name, **fields}))
        key, value = definition_record(definition)
        for number in range(self._system.settings.partitions):
            self._system.deployment.producer.send(EXPERIMENT_DEFINITIONS, value, key, partition=number).get(30)

    def until(self, tap: Tap, contaminated: int, **expected: JSON) -> ExperimentResult:
        """The result, once each variant's people and sums are these and its status is `running`."""

        def as_expected(_: object) -> bool:
            found = self.results(tap)
            last = found[-1] if found else None
            is_there = last is not None and (last["status"], last["contaminated"]) == ("running", contaminated)
            return is_there and figures(found[-1]) == expected

        try:
            tap.until(as_expected, "the result")
        except TimeoutError:
            assert [figures(result) for result in self.results(tap)[-1:]] == [expected]
            raise
        return self.results(tap)[-1]

    def results(self, tap: Tap) -> list[ExperimentResult]:
        """All that was published, in order."""
        mine = (each for each in tap.records if (each.topic, each.key) == (EXPERIMENT_RESULTS, self.name.encode()))
        return [orjson.loads(each.value or b"") for each in mine]


def figures(result: ExperimentResult) -> dict[str, JSON]:
    """By variant how many were assigned, and the sums that are not 0."""
    return {
        name: {
            "assigned": variant["assigned"],
            **{metric: found["sum"] for metric, found in variant["metrics"].items() if found["sum"]},
        }
        for name, variant in result["variants"].items()
    }


def test_a_result_is_what_was_said_and_anew_when_the_definition_is_changed(system: System) -> None:
    with tapped(system.settings, EXPERIMENT_RESULTS) as tap:
        trial = Trial(system)
        ann, bob, cyd, dee, eve, fay, gus = (fresh() for _ in range(7))
        for who in (ann, bob, cyd):
            trial.assign(who, "A")
        trial.assign(dee, "B")
        trial.assign(eve, "B", "email.sent")
        trial.assign(fay, "B", "email.sent", timedelta(hours=1))
        trial.assign(gus, "A", after=timedelta(hours=2))
        trial.say("donation.made", ann, 3 * DAY, donation_id=f"fec:{ann}", amount=5000)
        trial.say("donation.made", bob, donation_id=f"fec:{bob}", amount=3000)
        trial.say("donation.refunded", bob, 15 * DAY, refund_id=bob, donation_id=f"fec:{bob}", amount=3000)
        taken_back = trial.say("donation.made", cyd, donation_id=f"fec:{cyd}", amount=900)
        trial.say("donation.made", dee, donation_id=f"fec:{dee}", amount=1200)
        trial.say("donation.made", eve, 9 * DAY, donation_id=f"fec:{eve}", amount=700)
        trial.say("email.unsubscribed", eve)
        trial.until(
            tap,
            0,
            A={"assigned": 4, "donated": 3, "net_amount": 5900},
            B={"assigned": 3, "donated": 1, "net_amount": 1200, "unsubscribed": 1},
        )

        trial.say("interaction.retracted", cyd, retracts={"source": "outsiders/tests", "id": taken_back})
        trial.say("contact.linked", None, contact_ids=[dee, gus])
        first = trial.until(
            tap,
            1,
            A={"assigned": 3, "donated": 2, "net_amount": 5000},
            B={"assigned": 3, "donated": 1, "net_amount": 1200, "unsubscribed": 1},
        )
        assert first["definition"] == ""

        trial.define(variants={"B": 1, "A": 1}, window="36h", metrics=["net_amount", "donated", "unsubscribed"])
        second = trial.until(
            tap,
            1,
            B={"assigned": 3, "donated": 1, "net_amount": 1200, "unsubscribed": 1},
            A={"assigned": 3, "donated": 1},
        )
        assert (second["baseline"], second["window_s"], second["primary"]) == ("B", 36 * 3600, "net_amount")
        assert second["variants"]["A"]["closed"] == 3
        shown = [figures(each)["A"] for each in trial.results(tap)]
        assert all(each in shown[:-1] or each == shown[-1] for each in shown)
    stored = until(lambda: [*system.deployment.redis.scan_iter(match=f"*{trial.name}*")], "the result in Redis")
    assert stored
