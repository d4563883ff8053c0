from benchmarks.core.load import news
from benchmarks.segments.load import segments
from benchmarks.segments.suite import known_people
from streams.domain.pressure import default_policy
from streams.domain.pressure.closures import channel_rules
from streams.domain.segments.matching import matches
from streams.domain.segments.matching_plan import MatchingPlan
from streams.domain.segments.person import Person

RULES = channel_rules(default_policy())


def test_people_are_in_some_of_the_segments_and_in_those_that_recursion_says() -> None:
    found = segments(RULES, 100, 1)
    plan = MatchingPlan(found, RULES)
    for each in known_people(plan, news(20, 10, 1)):
        person, at = Person(each.contact_id, each.known), each.after.clock
        names = plan.names(plan.read(person, at).answer)
        assert sorted(names) == [name for name in sorted(found) if matches(found[name], person, at)]
        assert 0 < len(names) < 100
