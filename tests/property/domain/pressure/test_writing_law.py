"""A policy that is shown is the policy that holds: read again, it is the same one."""

from hypothesis import given

from streams.domain.pressure import Policy, read_policy
from streams.domain.pressure.policy_files import policy_text
from tests.property.domain.pressure.strategies import policies


@given(policies())
def test_what_is_written_is_read_as_the_same_policy(policy: Policy) -> None:
    read = read_policy(policy_text(policy))
    assert isinstance(read, Policy), read
    assert (read, read.version) == (policy, policy.version)
