from events.experiments import ExperimentDefinition
from streams.domain.experiments.analysis_plan import DEFAULTS, plan_of
from streams.domain.experiments.definition_records import definition_record

KEY, VALUE = definition_record(ExperimentDefinition.model_validate({"id": "e", "variants": {"a": 1, "b": 3}}))


def test_a_plan_is_that_of_its_definition_and_is_read_once() -> None:
    plan = plan_of("e", VALUE)
    assert dict(plan.split) == {"a": 0.25, "b": 0.75}
    assert plan_of("e", bytes(bytearray(VALUE))) is plan


def test_without_a_definition_of_its_own_an_experiment_has_the_defaults() -> None:
    assert plan_of("e", None) == plan_of("f", VALUE) == plan_of("e", b"{") == DEFAULTS
