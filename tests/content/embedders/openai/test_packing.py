"""Packing texts into requests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmctr.content.embedders.openai.packing import (
    MAX_TOKENS_PER_REQUEST,
    MAX_TOKENS_PER_TEXT,
    cut_text,
    pack_requests,
)


@given(
    sizes=st.lists(st.integers(1, 50), max_size=60),
    most_texts=st.integers(1, 9),
    most_bytes=st.integers(50, 120),
)
def test_packing_covers_everything_once_within_the_limits(
    sizes, most_texts, most_bytes
):
    """Every text once and in order, no request over a limit or needlessly small."""
    runs = pack_requests(sizes, most_texts, most_bytes)
    covered = [i for run in runs for i in range(run.start, run.stop)]
    assert covered == list(range(len(sizes)))
    for run in runs:
        assert 0 < len(sizes[run]) <= most_texts
        assert sum(sizes[run]) <= most_bytes
    for left, right in zip(runs, runs[1:], strict=False):
        full = len(sizes[left]) == most_texts
        assert full or sum(sizes[left]) + sizes[right.start] > most_bytes


def test_a_request_may_be_filled_to_the_brim():
    """The limits themselves are allowed."""
    assert pack_requests([50, 50, 1], 9, 100) == [slice(0, 2), slice(2, 3)]
    assert pack_requests([1] * 4, 2) == [slice(0, 2), slice(2, 4)]
    assert pack_requests([], 2) == []


def test_default_limits_are_the_services():
    """36 texts of the longest kind fit a request, 37 don't."""
    sizes = [MAX_TOKENS_PER_TEXT] * 37
    assert pack_requests(sizes, 2048) == [slice(0, 36), slice(36, 37)]
    assert 37 * MAX_TOKENS_PER_TEXT > MAX_TOKENS_PER_REQUEST


@given(text=st.text("aé€😀", max_size=60), most_bytes=st.integers(1, 40))
def test_a_cut_keeps_whole_characters(text, most_bytes):
    """The result is a beginning of the text, as long as the limit allows."""
    cut = cut_text(text, most_bytes)
    assert text.startswith(cut)
    assert len(cut.encode()) <= most_bytes
    if cut != text:
        assert len((cut + text[len(cut)]).encode()) > most_bytes


@pytest.mark.parametrize(
    ("text", "expected"), [("abc", "abc"), ("abcde", "abcd"), ("abcé", "abc")]
)
def test_cut_examples(text, expected):
    """At four bytes."""
    assert cut_text(text, 4) == expected
