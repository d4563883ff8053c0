"""A policy that is shown is the policy that holds: read again, it is the same one."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.pressure import Policy, read_policy
from streams.domain.pressure.policy_conditions import PolicyCondition
from streams.domain.pressure.policy_files import policy_text
from tests.property.domain.pressure.strategies import conditions, policies


@given(policies(), st.lists(conditions(), max_size=3))
def test_what_is_written_is_read_as_the_same_policy(limits: Policy, found: list[PolicyCondition]) -> None:
    policy = limits.model_copy(update={"conditions": tuple(found)}) if found else limits
    read = read_policy(policy_text(policy))
    assert isinstance(read, Policy), read
    assert (read, read.version) == (policy, policy.version)
