"""A worker under a policy file of its own, which can be killed and started again."""

from pathlib import Path

from events.json_types import JSON
from streams.demo.deployment import Deployment
from streams.demo.workers import Workers, start_workers
from streams.domain.pressure import default_policy_text
from streams.local.stack import Stack
from tests.integration.said import event, structured
from tests.integration.system import environment_of_worker, sample
from tests.integration.waiting import until


class Office:
    """The worker, its policy, and a producer of e-mail events."""

    def __init__(self, stack: Stack, folder: Path, deployment: Deployment, policy: str = default_policy_text()) -> None:
        self.deployment = deployment
        self._policy = folder / "policy.toml"
        self._policy.write_text(policy)
        self._environment = environment_of_worker(stack, folder, HARMONIA_POLICY=str(self._policy))
        self._log = folder / "worker.log"
        self.start()

    def start(self) -> None:
        self.workers: Workers = start_workers(self._environment, self._log)

    def say(self, type_: str, contact: dict[str, JSON], key: str, time: str, **data: JSON) -> None:
        """What is said under one key is read in its order."""
        value, headers = structured(event(type_, contact, **data) | {"time": time})
        self.deployment.producer.send("email-events", value, key.encode(), headers)

    def rule(self, policy: str, somebody: str) -> None:
        """Change the policy. The worker looks at it when something is said, so somebody opens mail meanwhile."""
        self._policy.write_text(policy)

        def taken() -> bool:
            self.say("email.opened", {"contact_id": somebody}, somebody, "2012-02-22T00:00:00Z")
            return sample(self.workers.addresses[0], "harmonia_policy_changes_total", outcome="taken") == 1

        until(taken, "the new policy")
