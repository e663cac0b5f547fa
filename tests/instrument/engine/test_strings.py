"""What two strings can hold, and how wider chords are rolled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.engine.strings import REACH_SEMITONES, Stop, Strings

VIOLIN = Strings([55, 62, 69, 76])
VIOLA = Strings([48, 55, 62, 69])


@pytest.mark.parametrize(
    ("low", "high", "strings", "semitones"),
    [
        (55, 62, (0, 1), (0, 0)),  # two open strings
        (62, 69, (1, 2), (0, 0)),
        (57, 64, (0, 1), (2, 2)),  # a fifth, one finger on both
        (62, 71, (1, 2), (0, 2)),  # a sixth over an open string
        (64, 67, (0, 1), (9, 5)),  # a third
        (69, 81, (2, 3), (0, 5)),  # an octave
        (71, 83, (2, 3), (2, 7)),  # the same in the first position
        (65, 69, (1, 2), (3, 0)),  # a stopped string beside an open one
        (55, 74, (0, 1), (0, 12)),  # a pedal on the lowest string
        (69, 103, (2, 3), (0, 27)),  # to the end of the highest string
    ],
)
def test_two_strings_hold_a_double_stop_in_the_lowest_position(
    low: int, high: int, strings: tuple[int, int], semitones: tuple[int, int]
) -> None:
    found = VIOLIN.double_stop(low, high)
    assert found == (Stop(strings[0], semitones[0]), Stop(strings[1], semitones[1]))


@pytest.mark.parametrize(
    ("low", "high", "why"),
    [
        (55, 59, "both are on the lowest string only"),
        (55, 55, "one key is one note"),
        (57, 86, "too wide for a hand"),
        (56, 76, "not on neighbouring strings"),
        (54, 62, "below the lowest string"),
    ],
)
def test_what_no_hand_can_hold_is_no_double_stop(low: int, high: int, why: str) -> None:
    assert VIOLIN.double_stop(low, high) is None, why


def test_other_strings_hold_other_keys() -> None:
    assert VIOLA.together([48, 64])
    assert not VIOLIN.together([48, 64])


@pytest.mark.parametrize(
    ("keys", "first", "then"),
    [
        ([69], [69], []),
        ([69, 62], [62, 69], []),
        ([79, 55, 71, 62], [55, 62], [71, 79]),  # G major over four strings
        ([62, 69, 77], [62, 69], [69, 77]),  # of three the middle one stays
        ([55, 59, 62], [55], [59, 62]),  # the lower two are on one string
        ([55, 59], [55], [59]),
        ([55, 62, 71, 79, 83], [55, 62], [79, 83]),  # what four strings can't hold is left out
    ],
)
def test_wider_chords_are_rolled(keys: list[int], first: list[int], then: list[int]) -> None:
    assert VIOLIN.rolled(keys) == (first, then)


KEYS = st.lists(st.integers(0, 127), min_size=1, max_size=8, unique=True)


@given(KEYS)
def test_of_any_chord_at_most_two_sound_at_once_and_its_outer_notes_are_heard(
    keys: list[int],
) -> None:
    first, then = VIOLIN.rolled(keys)
    assert all(VIOLIN.together(part) for part in (first, then) if part)
    assert min(first) == min(keys)
    assert max(first + then) == max(keys)


@given(st.integers(0, 127), st.integers(0, 127))
def test_a_hand_reaches_so_far(low: int, high: int) -> None:
    found = VIOLIN.double_stop(low, high)
    if found is not None and not any(stop.is_open for stop in found):
        assert abs(found[0].semitones - found[1].semitones) <= REACH_SEMITONES
        assert found[1].string == found[0].string + 1
