"""Sentences that results hold as text are read back to the codes that they were written from."""

import pytest

from streams.domain.experiments import analysis_plan, result_documents
from streams.domain.experiments.report.stored_sentences import stored_message
from streams.domain.experiments.report.summary import warning_messages, warnings_of
from streams.domain.messages import CodedMessage, Listed, Share, english, message
from tests.unit.domain.experiments.example import doors, gotv

UNDEFINED = "nobody has defined the experiment, so no parts are planned"
OWN = (
    "UNPLANNED VARIANT: A (3 people), b, c (1,234 people): not in the definition, so not in the check of the split",
    (
        f"SPLIT NOT CHECKED: {UNDEFINED}. People are in A 49.98 %, b 0.05 %: if that is not as you meant it, trust no "
        "difference. Say what is planned with `harmonia experiments define`, and everybody so far is checked as well"
    ),
    (
        "SPLIT NOT CHECKED: some strata have a split of their own, so there is none for all. People are in A 49.98 %, "
        "B 49.98 % and 3 more: if that is not as you meant it, trust no difference"
    ),
    "NOT A GUARDRAIL: opened, donated: only unsubscribed, complained can be watched",
    "A sentence that only another version knows.",
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (result_documents.TOO_FEW, "experiment.too_few_people"),
        (result_documents.TOO_FEW_GROUPS, "experiment.too_few_groups"),
        (result_documents.TOO_RARE, "experiment.too_rare"),
        (result_documents.FORGOTTEN, "experiment.forgotten"),
        (analysis_plan.UNDEFINED, "experiment.nobody_defined"),
        (analysis_plan.DIFFERS, "experiment.strata_differ"),
        ("fewer than 7 people in one of the two", "experiment.too_few_people"),
        ("what another version writes", "text"),
    ],
)
def test_a_reason_is_read_back_whatever_its_figures(text: str, code: str) -> None:
    found = stored_message(text)
    assert (found.code, english(found)) == (code, text)


@pytest.mark.parametrize("text", OWN)
def test_a_warning_that_is_read_back_says_the_same_to_the_letter(text: str) -> None:
    assert english(stored_message(text)) == text


def test_parts_variants_and_names_are_read_back_as_values() -> None:
    strange, split, *_ = (stored_message(text) for text in OWN)
    people = [("A", 3), ("b, c", 1_234)]

    assert strange.fields["variants"] == Listed(
        tuple(message("experiment.variant_with_people", variant=name, people=count) for name, count in people)
    )
    parts = split.fields["parts"]
    assert isinstance(parts, Listed)
    first = parts.items[0]
    assert isinstance(first, CodedMessage)
    assert first.fields["share"] == Share(49.98, 100, 2)
    assert split.fields["why"] == message("experiment.nobody_defined")


def test_warnings_as_sentences_are_those_as_messages() -> None:
    for result in (gotv(), doors(), gotv(warnings=list(OWN))):
        assert [english(each) for each in warning_messages(result)] == warnings_of(result)
