"""Whatever the names of variants: a sentence that is read back says the same, to the letter."""

from hypothesis import given
from hypothesis import strategies as st

from streams.domain.experiments.report.stored_sentences import part, stored_message, variant_with_people
from streams.domain.messages import Listed, english, message

names = st.text(min_size=1, max_size=20)
parts = st.builds(
    Listed,
    st.lists(st.builds(part, names, st.floats(0, 1)), min_size=1, max_size=5).map(tuple),
    st.integers(0, 2_000),
)
variants = st.lists(st.builds(variant_with_people, names, st.integers(1, 10**7)), min_size=1, max_size=5)


@given(parts, st.sampled_from(["experiment.split_not_checked", "experiment.split_not_checked_define"]))
def test_an_unchecked_split_is_told_to_the_letter_again(found: Listed, code: str) -> None:
    text = english(message(code, why=message("experiment.nobody_defined"), parts=found))
    assert english(stored_message(text)) == text


@given(variants)
def test_variants_that_were_not_planned_are_told_to_the_letter_again(found: list[object]) -> None:
    text = english(message("experiment.unplanned_variant", variants=Listed(tuple(found))))  # type: ignore[arg-type]
    assert english(stored_message(text)) == text


@given(st.text())
def test_any_text_is_told_to_the_letter_again(text: str) -> None:
    assert english(stored_message(text)) == text
