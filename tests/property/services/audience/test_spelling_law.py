"""One letter of difference, counted apart: every word that is one change away, and no other."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from streams.services.audience.header import nearest_by_one_letter

LETTERS = "abc"
words = st.text(LETTERS, min_size=1, max_size=6)


def one_away(word: str) -> Iterator[str]:
    for at in range(len(word) + 1):
        yield from (word[:at] + letter + word[at:] for letter in LETTERS)
        yield word[:at] + word[at + 1 :]
        yield from (word[:at] + letter + word[at + 1 :] for letter in LETTERS)
        yield word[:at] + word[at : at + 2][::-1] + word[at + 2 :]


@given(words, st.data())
def test_a_word_that_is_one_letter_away_is_near_and_no_other_is(word: str, data: st.DataObject) -> None:
    other = data.draw(words | st.sampled_from([*one_away(word)]))
    near = other != word and other in one_away(word)
    assert nearest_by_one_letter(word, ["never", other]) == (other if near else None)
