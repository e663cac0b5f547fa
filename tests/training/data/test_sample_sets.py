"""Labels from the file names of the known sample sets, and from any that say a note."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.folders import make
from training.data.labels import RecordingLabel
from training.data.readers import read_labels

NAMES = [
    # layout, file, (midi, dynamic, string, articulation, instrument)
    ("philharmonia", "violin_A4_025_forte_arco-normal.mp3", (69, "f", "", "arco-normal", "violin")),
    ("philharmonia", "violin_As3_1_piano_non-vibrato.mp3", (58, "p", "", "non-vibrato", "violin")),
    (
        "philharmonia",
        "violin_Cs6_long_mezzo-forte_molto-vibrato.mp3",
        (85, "mf", "", "molto-vibrato", "violin"),
    ),
    (
        "philharmonia",
        "violin_G3_very-long_crescendo_arco-normal.mp3",
        (55, "cresc", "", "arco-normal", "violin"),
    ),
    ("philharmonia", "flute_C5_1_cresc-decresc_normal.mp3", (72, "", "", "normal", "flute")),
    (
        "philharmonia",
        "french-horn_D4_15_fortissimo_normal.mp3",
        (62, "ff", "", "normal", "french-horn"),
    ),
    ("iowa", "Violin.arco.ff.sulG.Bb3.stereo.flac", (58, "ff", "G", "arco", "violin")),
    ("iowa", "Violin.arco.pp.sulE.E5.stereo.aif", (76, "pp", "E", "arco", "violin")),
    ("iowa", "Violin.arco.mf.sulA.A4.wav", (69, "mf", "A", "arco", "violin")),
    ("iowa", "Flute.nonvib.ff.C5.stereo.aif", (72, "ff", "", "nonvib", "flute")),
    ("iowa", "Tuba.ff.C3.stereo.aif", (48, "ff", "", "", "tuba")),
    ("iowa", "Cello.arco.ff.sulC.C2.stereo.aif", (36, "ff", "", "arco", "cello")),
    ("sol", "Vn-ord-A#3-ff-4c-N.wav", (58, "ff", "G", "ord", "violin")),
    ("sol", "Vn-ord-A4-mf-2c-T17u.wav", (69, "mf", "A", "ord", "violin")),
    ("sol", "Vn-ord-D5-pp-3c-R100u.wav", (74, "pp", "D", "ord", "violin")),
    ("sol", "Vn-ord-E6-pp-1c-N.wav", (88, "pp", "E", "ord", "violin")),
    ("sol", "Vn-ord-G4-mf-4c.wav", (67, "mf", "G", "ord", "violin")),
    ("sol", "Vn-legno_tratto-A4-mf-N-N.wav", (69, "mf", "", "legno_tratto", "violin")),
    ("sol", "Vn-ord-ff-1c-_A#6.wav", (94, "ff", "E", "ord", "violin")),
    ("sol", "Vn-trem-pp-4c-_G3.wav", (55, "pp", "G", "trem", "violin")),
    ("sol", "Va-ord-C3-mf-4c-N.wav", (48, "mf", "", "ord", "viola")),
    ("sol", "Fl-ord-C5-mf-N-N.wav", (72, "mf", "", "ord", "flute")),
]


@pytest.mark.parametrize("auto", [False, True])
@pytest.mark.parametrize(("layout", "file", "note"), NAMES)
def test_names_say_the_note(
    tmp_path: Path, layout: str, file: str, note: tuple[int, str, str, str, str], auto: bool
) -> None:
    make(tmp_path, file)
    midi, dynamic, string, articulation, instrument = note
    result = read_labels(tmp_path, "auto" if auto else layout)
    expected = RecordingLabel(
        tmp_path / file, file, midi, dynamic, string, articulation, layout, instrument
    )
    assert result.labels == [expected]
    assert result.problems == []


@pytest.mark.parametrize(
    ("file", "midi", "dynamic"),
    [
        ("cello_Db3_1.wav", 49, ""),
        ("take 1 - D3.wav", 50, ""),
        ("take 2 - A♭4 (mezzo-forte).wav", 68, "mf"),
        ("my flute/c#5 pp.flac", 73, "pp"),
        ("F4.wav", 65, ""),
        ("Bb3_f_take2.wav", 58, "f"),
        ("D3-p-D3.wav", 50, "p"),
        ("p or f, G4.wav", 67, ""),
    ],
)
@pytest.mark.parametrize("layout", ["auto", "names"])
def test_any_name_with_one_note_in_it_says_that_note(
    tmp_path: Path, file: str, midi: int, dynamic: str, layout: str
) -> None:
    make(tmp_path, file)
    (label,) = read_labels(tmp_path, layout).labels
    assert (label.midi, label.dynamic, label.source) == (midi, dynamic, "names")


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("D3 to A4.wav", "several notes: D3, A4"),
        ("mic_b1_G3.wav", "several notes: b1, G3"),
        ("take 12.wav", "does not say the note"),
        ("cello_60.wav", "does not say the note"),
        ("D33.wav", "does not say the note"),
        ("mp3 copy.wav", "does not say the note"),
        ("G#9.wav", "MIDI range"),
    ],
)
def test_a_name_without_a_note_or_with_several_is_refused(
    tmp_path: Path, file: str, reason: str
) -> None:
    make(tmp_path, file)
    result = read_labels(tmp_path)
    assert result.labels == []
    assert reason in result.problems[0][1]


def test_a_folder_may_mix_layouts_and_subfolders(tmp_path: Path) -> None:
    names = sorted(f"{layout}/deep/{file}" for layout, file, *_ in NAMES)
    make(tmp_path, *names)
    result = read_labels(tmp_path)
    assert [label.name for label in result.labels] == names
    assert {label.source for label in result.labels} == {"philharmonia", "iowa", "sol"}
    assert all(label.path == tmp_path / label.name for label in result.labels)


def test_what_is_not_audio_is_passed_over(tmp_path: Path) -> None:
    make(tmp_path, "README.md", "cover.jpg", "._violin_A4_1_forte_arco-normal.mp3", ".trash/a.wav")
    result = read_labels(tmp_path)
    assert (result.labels, result.problems) == ([], [])


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("take 7.wav", "does not say the note"),
        ("Vn-ord-H4-ff-4c-N.wav", "does not say the note"),
        ("violin_A4_phrase_forte_arco-spiccato.mp3", "phrase"),
        ("Violin.arco.ff.sulG.G3B3.aiff", "scale"),
    ],
)
def test_names_that_say_no_single_note_are_reported(tmp_path: Path, file: str, reason: str) -> None:
    make(tmp_path, file)
    result = read_labels(tmp_path)
    assert result.labels == []
    [(name, said)] = result.problems
    assert name == file
    assert reason in said


def test_a_chosen_layout_reports_the_names_of_others(tmp_path: Path) -> None:
    make(tmp_path, "Vn-ord-A4-ff-2c-N.wav", "Violin.arco.ff.sulA.A4.stereo.flac")
    result = read_labels(tmp_path, "iowa")
    assert [label.name for label in result.labels] == ["Violin.arco.ff.sulA.A4.stereo.flac"]
    assert [name for name, _ in result.problems] == ["Vn-ord-A4-ff-2c-N.wav"]
