"""Code points here, UTF-16 in the browser, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupture_markers.coding.offsets import OffsetError, code_point_offset, utf16_length, utf16_offset

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
texts = st.text(st.sampled_from("ab é\u0301\U0001f642\U0001f44d\U0001f3fd\u200d\U00020000"), max_size=40)


@given(texts, st.data())
def test_an_offset_comes_back_from_the_browser(text: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    units = utf16_offset(text, offset)
    assert code_point_offset(text, units) == offset
    assert units == len(text[:offset].encode("utf-16-le")) // 2


@given(texts, st.data())
def test_a_quote_is_the_same_on_both_sides(text: str, data: st.DataObject) -> None:
    begin, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    browser = text.encode("utf-16-le")[2 * utf16_offset(text, begin) : 2 * utf16_offset(text, end)]
    assert browser.decode("utf-16-le") == text[begin:end]


def test_an_emoji_counts_two_and_a_joined_family_eight() -> None:
    assert utf16_length("\U0001f642") == 2
    assert utf16_length(FAMILY) == 8
    assert code_point_offset(f"{FAMILY} hm", 9) == 6


@pytest.mark.parametrize("units", [-1, 1, 4])
def test_an_offset_within_or_outside_is_refused(units: int) -> None:
    with pytest.raises(OffsetError):
        code_point_offset("\U0001f642a", units)


@pytest.mark.parametrize("offset", [-1, 3])
def test_a_code_point_offset_outside_is_refused(offset: int) -> None:
    with pytest.raises(OffsetError):
        utf16_offset("ab", offset)
