"""Budgets of the laws: how many examples Hypothesis tries of each, by profile. No test names a number of its own.

A profile is chosen by the environment: `laws` where LAWS is `all` (`make laws`), `ci` where CI is set, else `dev`.
"""

import os

from hypothesis import HealthCheck, settings

LEAST = 100
"""Examples that each law gets in every profile, and each state machine stories."""
EXAMPLES = {"ci": LEAST, "dev": LEAST, "laws": 8 * LEAST}
PROFILE = "laws" if os.environ.get("LAWS") == "all" else "ci" if os.environ.get("CI") else "dev"

# In CI the same examples every time, so that a red build is the change's; elsewhere new ones each time.
# How long examples take to make says how slow the machine is, and nothing of what is tested.
for _name, _examples in EXAMPLES.items():
    settings.register_profile(
        _name,
        max_examples=_examples,
        stateful_step_count=30,
        derandomize=_name == "ci",
        deadline=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile(PROFILE)

costly = settings(max_examples=max(LEAST, EXAMPLES[PROFILE] // 5))
"""The budget of a law of which an example takes more than 50 ms."""
shares_fixtures = settings(costly, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
"""The budget of a law whose examples share the fixtures of one test, such as a server, which makes them costly."""


def with_histories(number: int) -> settings:
    """The budget of a law of which one example holds so many histories: each history counts as an example."""
    return settings(max_examples=-(-costly.max_examples // number))


def header() -> str:
    """What pytest prints of the budgets before it runs."""
    return f"laws: profile {PROFILE}, each law at least {LEAST} examples, most of them {EXAMPLES[PROFILE]}"
