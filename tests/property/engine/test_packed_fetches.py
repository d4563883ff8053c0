"""Fetches are written in the same bytes as aiokafka writes them, and answers read as it reads them."""

from io import BytesIO

import pytest
from aiokafka.protocol.fetch import FetchRequest, FetchRequest_v4, FetchRequest_v11, FetchResponse_v11
from hypothesis import given
from hypothesis import strategies as st

from streams.engine.aiokafka_patches.fetch_requests import PackedFetchRequest, PackedFetchResponse

int16s, int32s = st.integers(-(2**15), 2**15 - 1), st.integers(-(2**31), 2**31 - 1)
int64s = st.integers(-(2**63), 2**63 - 1)
names = st.text(st.characters(codec="utf-8"), max_size=20)


def lists(*fields: st.SearchStrategy[object]) -> st.SearchStrategy[list[tuple[object, ...]]]:
    return st.lists(st.tuples(*fields), max_size=3)


asked = st.tuples(int32s, int32s, int32s, st.sampled_from((0, 1)), lists(names, lists(int32s, int64s, int32s)), names)
answered = lists(
    names,
    lists(
        int32s,
        int16s,
        int64s,
        int64s,
        int64s,
        st.none() | lists(int64s, int64s),
        int32s,
        st.none() | st.binary(max_size=30),
    ),
)
answers = st.builds(FetchResponse_v11, int32s, int16s, int32s, answered)


@given(asked)
def test_a_request_is_written_in_the_same_bytes(said: tuple[int, int, int, int, list[object], str]) -> None:
    packed = PackedFetchRequest(*said).build(FetchRequest_v11)

    assert packed.encode() == FetchRequest(*said).build(FetchRequest_v11).encode()


@given(asked)
def test_a_broker_that_does_not_know_the_version_is_asked_as_before(
    said: tuple[int, int, int, int, list[object], str],
) -> None:
    assert PackedFetchRequest(*said).build(FetchRequest_v4) == FetchRequest(*said).build(FetchRequest_v4)


@given(answers, st.binary(max_size=8))
def test_an_answer_is_read_as_before_from_where_its_header_ends(answer: FetchResponse_v11, header: bytes) -> None:
    raw = answer.encode()
    behind_header = BytesIO(header + raw)
    behind_header.seek(len(header))

    assert PackedFetchResponse.decode(raw) == FetchResponse_v11.decode(raw)
    assert PackedFetchResponse.decode(behind_header) == FetchResponse_v11.decode(raw)


@given(answers, st.data())
def test_an_answer_that_ends_too_early_is_refused(answer: FetchResponse_v11, data: st.DataObject) -> None:
    raw = answer.encode()
    cut = raw[: data.draw(st.integers(0, len(raw) - 1))]

    with pytest.raises(ValueError, match="answer to a fetch"):
        PackedFetchResponse.decode(cut)
