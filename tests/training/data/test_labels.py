"""Labels: names of notes are read as they are written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instrument.units import note_name
from training.data.labels import RecordingLabel, parse_note, same_instrument


@given(st.integers(0, 127), st.sampled_from("#♯s"))
def test_every_note_has_a_name_that_reads_back(midi: int, sharp: str) -> None:
    assert parse_note(note_name(midi, sharp)) == midi


@given(st.sampled_from("CDEFGAB"), st.integers(0, 8))
def test_a_sharp_is_a_semitone_up_and_a_flat_one_down(letter: str, octave: int) -> None:
    natural = parse_note(f"{letter}{octave}")
    for sign in "#♯s":
        assert parse_note(f"{letter}{sign}{octave}") == natural + 1
    for sign in "b♭":
        assert parse_note(f"{letter}{sign}{octave}") == natural - 1


@given(st.text(max_size=6))
def test_any_text_is_a_note_of_midi_or_refused(text: str) -> None:
    try:
        midi = parse_note(text)
    except ValueError as error:
        assert repr(text) in str(error)  # noqa: PT017
    else:
        assert 0 <= midi <= 127


@pytest.mark.parametrize(
    ("name", "midi"),
    [
        ("C4", 60),
        ("A4", 69),
        ("A#4", 70),
        ("As3", 58),
        ("Bb3", 58),
        ("Cs6", 85),
        ("Db7", 97),
        ("Cb4", 59),
        ("B#3", 60),
        ("bb3", 58),
        (" G3 ", 55),
        ("C-1", 0),
        ("G9", 127),
    ],
)
def test_note_names_count_octaves_from_c4_as_60(name: str, midi: int) -> None:
    assert parse_note(name) == midi


@pytest.mark.parametrize("name", ["", "H4", "A", "A44", "4A", "A##4", "Cb-1", "G#9"])
def test_what_is_no_note_of_midi_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"note name|MIDI range"):
        parse_note(name)


@pytest.mark.parametrize(
    ("labelled", "wanted", "same"),
    [
        ("violin", "Violin", True),
        ("french horn", "french-horn", True),
        ("French_Horn", "french horn", True),
        ("", "cello", True),
        ("viola", "violin", False),
    ],
)
def test_instruments_are_compared_without_case_and_hyphens(
    labelled: str, wanted: str, same: bool
) -> None:
    label = RecordingLabel(Path("a.wav"), "a.wav", 60, instrument=labelled)
    assert same_instrument(label, wanted) == same
