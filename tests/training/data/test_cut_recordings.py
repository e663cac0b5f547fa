"""A folder may hold performances beside single notes: they are cut, once, and told of."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from instrument.arrays import Float32, Float64
from instrument.errors import UsageError
from instrument.joins import Join
from instrument.listening.frames import ATTACK_FRAMES
from instrument.units import FRAME_RATE, hz_to_midi
from tests.bowed_line import RATE, Played, bowed_line, onsets
from tests.training.folders import report, rows
from training.data import cut_recordings, prepare
from training.data.features import FeatureCache
from training.data.left_out import Span, read_left_out
from training.data.notes import PrepareSettings
from training.data.performances import Performance, read_performance
from training.data.phrases import JOIN_FRAMES
from training.data.prepare import prepare_folder

pytest.importorskip("swift_f0")

ViolinNote = Callable[..., tuple[Float32, Float64]]
SLUR, BOW = Join.SLUR, Join.BOW
LINE = [
    Played(key, join=kind, also=also)
    for key, kind, also in (
        (62, None, None),
        (64, SLUR, None),
        (66, BOW, None),
        (67, BOW, 71),
        (69, None, None),
        (71, SLUR, None),
        (69, BOW, None),
    )
]
FOUND = [(62, None), (64, SLUR), (66, BOW), (69, None), (71, SLUR), (69, BOW)]


@pytest.fixture
def folder(violin_note: ViolinNote, tmp_path: Path) -> Path:
    """A line without a label, a note with one, and a note without one."""
    folder = tmp_path / "mine"
    folder.mkdir()
    soundfile.write(folder / "line.flac", bowed_line(LINE, vibrato_cents=10.0), RATE)
    soundfile.write(folder / "violin_A4_1_forte_arco-normal.wav", violin_note(69, 0.5)[0], RATE)
    soundfile.write(folder / "what.wav", violin_note(69, 2.5)[0], RATE)
    return folder


@pytest.mark.parametrize("table", ["", "file,midi,instrument\nline.flac,,Flute\n"])
def test_lines_of_another_instrument_are_left_out(folder: Path, tmp_path: Path, table: str) -> None:
    """A collection has scales and phrases of all its instruments."""
    name = "line.flac"
    if table:
        (folder / "notes.csv").write_text(table + "violin_A4_1_forte_arco-normal.wav,69,violin\n")
    else:
        (folder / name).rename(folder / (name := "Flute.ff.C4B4.flac"))
    prepared = prepare_folder(folder, tmp_path / "mine.npz", PrepareSettings())
    assert prepared.cut == []
    assert prepared.cache.name.tolist() == ["violin_A4_1_forte_arco-normal.wav"]
    assert "of another instrument: flute" in report(tmp_path / "mine.npz")[name]


def test_copies_of_a_line_are_cut_once(folder: Path, tmp_path: Path) -> None:
    (folder / "line again.flac").write_bytes((folder / "line.flac").read_bytes())
    prepared = prepare_folder(folder, tmp_path / "mine.npz", PrepareSettings())
    assert [recording.name for recording in prepared.cut] == ["line again.flac"]
    said = report(tmp_path / "mine.npz")["line.flac"]
    assert said == "a copy of another recording: line again.flac"


def test_performances_and_notes_are_prepared_together(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.npz"
    prepared = prepare_folder(folder, out, PrepareSettings())
    cache = FeatureCache.load(out)
    assert prepared.notes == len(cache.name) == 1 + len(FOUND)
    assert [refusal.name for refusal in prepared.left_out] == ["what.wav"]
    cut = [name.startswith("line.flac#") for name in cache.name]
    assert cache.midi[cut].tolist() == [key for key, _ in FOUND]
    assert set(cache.source[cut]) == {"line"}
    told = {row["recording"]: row["used"] for row in rows(tmp_path / "mine.report.csv")}
    assert told == {"line.flac": "yes", "what.wav": "no"}
    # The timbre learns from whole stretches, which the double stop parts, and the single note.
    sounds = cache.sounds
    assert sounds.performed.tolist() == [False, True, True]
    seconds = np.diff(sounds.audio_start)[1:] / RATE
    begins = onsets(LINE)
    assert seconds == pytest.approx([begins[3] - begins[0], begins[6] + 0.4 - begins[4]], abs=0.1)
    assert not (sounds.validation & sounds.fitted).any()
    assert set(cache.group[cut]) == set(cache.stretch_name)
    for place in np.flatnonzero(sounds.performed):
        frames = sounds.frames(int(place))
        keys = hz_to_midi(sounds.f0_hz[frames][sounds.loudness_db[frames] > -40.0])
        assert np.abs(keys - np.round(keys)).mean() < 0.15
        of_it = cache.group == sounds.name[place]
        assert len(set(cache.held_out[of_it])) == len(set(cache.validation[of_it])) == 1


def test_a_performance_that_cannot_be_learned_from_is_told_why(
    folder: Path, tmp_path: Path
) -> None:
    clipped = np.clip(8.0 * bowed_line(LINE, level_db=-6.0), -1.0, 1.0)
    soundfile.write(folder / "line.flac", clipped, RATE)
    (folder / "gone.wav").write_text("no sound")
    prepare_folder(folder, tmp_path / "mine.npz", PrepareSettings())
    reasons = report(tmp_path / "mine.npz")
    assert reasons["line.flac"].startswith("clipped")
    assert reasons["gone.wav"].startswith("cannot be read")
    assert "name" in reasons["what.wav"]
    assert "line of notes" in reasons["what.wav"]


def test_each_note_is_told_with_what_came_before_it(folder: Path, tmp_path: Path) -> None:
    prepare_folder(folder, tmp_path / "mine.npz", PrepareSettings())
    table = rows(tmp_path / "mine.notes.csv")
    notes = [row for row in table if not row["left_out"]]
    assert [int(row["midi"]) for row in notes] == [key for key, _ in FOUND]
    assert [row["join"] for row in notes] == [k.value if k else "rest" for _, k in FOUND]
    assert [row["previous"] for row in notes] == ["", "62", "64", "", "69", "71"]
    (double,) = (row for row in table if row["left_out"])
    assert float(double["begin_s"]) == pytest.approx(onsets(LINE)[3], abs=0.05)
    begins = [float(row["begin_s"]) for row in table]
    assert begins == pytest.approx(onsets(LINE), abs=0.05)


def test_without_performances_there_is_no_table_of_their_notes(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.notes.csv").write_text("recording\n")
    (folder / "line.flac").unlink()
    assert prepare_folder(folder, tmp_path / "mine.npz", PrepareSettings()).notes == 1
    assert not (tmp_path / "mine.notes.csv").exists()


def test_what_leads_into_a_note_is_not_learned_as_its_attack(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.npz"
    prepare_folder(folder, out, PrepareSettings())
    cache = FeatureCache.load(out)
    cut = [i for i, name in enumerate(cache.name) if name.startswith("line.flac#")]
    begun = cache.window_db[cache.window_recording == cut[0]][0]
    for recording, (_, kind) in zip(cut, FOUND, strict=True):
        (window,) = np.flatnonzero(cache.window_recording == recording)
        mask, level_db = cache.window_mask[window], cache.window_db[window]
        unmeasured = {None: 0, SLUR: min(ATTACK_FRAMES, 46), BOW: JOIN_FRAMES}[kind]
        assert int(mask.argmax()) == pytest.approx(unmeasured, abs=2)
        assert level_db[0] < -20.0
        if kind is SLUR and recording < cut[3]:
            rise = begun[:unmeasured] - begun[unmeasured]
            own = level_db[:unmeasured] - level_db[unmeasured]
            assert own == pytest.approx(rise, abs=0.5)


def test_the_recordings_that_notes_were_cut_from_are_told_by_their_names() -> None:
    names = ["a/line.wav#001", "a/line.wav#002", "F#4.wav", "b.wav", "slow.flac#001"]
    assert cut_recordings.recordings_cut(names) == ["a/line.wav", "slow.flac"]


def test_performances_are_cut_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "mine.npz"
    prepare_folder(folder, out, PrepareSettings())
    first = FeatureCache.load(out)
    table = (tmp_path / "mine.notes.csv").read_bytes()
    heard: list[int] = []

    def counting(
        audio: Float32, kept: Path, settings: PrepareSettings, spans: Sequence[Span]
    ) -> Performance:
        heard.append(len(audio))
        return read_performance(audio, kept, settings, spans)

    monkeypatch.setattr(cut_recordings, "read_performance", counting)
    prepare_folder(folder, out, PrepareSettings(held_out=0.3))
    again = FeatureCache.load(out)
    assert not heard
    assert (tmp_path / "mine.notes.csv").read_bytes() == table
    kept = ("f0_hz", "loudness_db", "onset", "release", "end", "tuning_cents", "audio")
    for name in (*kept, "stretch_f0_hz", "stretch_loudness_db", "stretch_audio"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    for part in (tmp_path / "mine.parts").iterdir():
        part.write_bytes(part.read_bytes()[:-100])
    prepare_folder(folder, out, PrepareSettings())
    assert len(heard) == 2  # the line, and the note without a label
    np.testing.assert_array_equal(first.f0_hz, FeatureCache.load(out).f0_hz)


def test_what_is_labelled_as_one_note_and_is_much_longer_is_cut(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "line.flac").rename(folder / "violin_D4_1_forte_arco-normal.flac")
    refused = prepare_folder(folder, tmp_path / "one.npz", PrepareSettings())
    assert refused.notes == 1
    monkeypatch.setattr(prepare, "LONGER_THAN_A_NOTE", 2.0)
    cut = prepare_folder(folder, tmp_path / "two.npz", PrepareSettings())
    assert cut.notes == 1 + len(FOUND)


def test_a_folder_may_hold_nothing_but_performances(tmp_path: Path) -> None:
    folder = tmp_path / "sonatas" / "first"
    folder.mkdir(parents=True)
    soundfile.write(folder / "line.wav", bowed_line(LINE), RATE)
    out = tmp_path / "mine.npz"
    assert prepare_folder(folder.parent, out, PrepareSettings()).notes == len(FOUND)
    cache = FeatureCache.load(out)
    assert set(cache.source) == {"first/line"}
    frames = np.diff(cache.frame_start)
    assert frames.tolist() == (1 + np.diff(cache.audio_start) * FRAME_RATE // RATE).tolist()


def test_performances_that_a_table_does_not_name_are_cut(folder: Path, tmp_path: Path) -> None:
    (folder / "labels.csv").write_text("file,midi\n")
    prepared = prepare_folder(folder, tmp_path / "mine.npz", PrepareSettings(), "csv")
    assert prepared.notes == len(FOUND)
    assert len(prepared.left_out) == 2


@pytest.mark.parametrize("pitch", ["", "69"], ids=["no note", "one note"])
def test_what_a_table_names_twice_is_cut_once(
    pitch: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare, "LONGER_THAN_A_NOTE", 2.0)
    rows = ["file,midi", *2 * [f"line.flac,{pitch}"]]
    (folder / "labels.csv").write_text("\n".join(rows))
    prepared = prepare_folder(folder, tmp_path / "mine.npz", PrepareSettings(), "csv")
    assert prepared.notes == len(FOUND)
    assert [recording.name for recording in prepared.cut] == ["line.flac"]


def test_what_is_left_out_is_neither_in_notes_nor_in_stretches(
    folder: Path, tmp_path: Path
) -> None:
    whole, less = tmp_path / "whole.npz", tmp_path / "less.npz"
    prepare_folder(folder, whole, PrepareSettings())
    begins = onsets(LINE)
    (tmp_path / "bad.csv").write_text(
        f"recording,begin_s,end_s\nline.flac,{begins[1] + 0.1},{begins[1] + 0.2}\n"
        "violin_A4_1_forte_arco-normal.wav,,\n"
    )
    left_out = read_left_out(tmp_path / "bad.csv")
    prepared = prepare_folder(folder, less, PrepareSettings(), left_out=left_out)
    assert [refusal.name for refusal in prepared.left_out][
        -1
    ] == "violin_A4_1_forte_arco-normal.wav"
    found = FeatureCache.load(less)
    assert found.midi.tolist() == [key for key, _ in FOUND if key != 64]
    sounding = 0.04 * RATE  # s, of a stretch: what a crossfade of notes may leave
    before = np.diff(FeatureCache.load(whole).stretch_audio_start).sum()
    assert np.diff(found.stretch_audio_start).sum() < before - 0.4 * RATE + sounding


@pytest.mark.parametrize(
    "table",
    [
        "recording,begin_s\nline.flac,1\n",
        "recording,begin_s,end_s\nline.flac,2,1\n",
        "recording,begin_s,end_s\nline.flac,one,2\n",
        "recording,begin_s,end_s\n,1,2\n",
        "recording,begin_s,end_s\nline.flac,1e306,1e307\n",
        "recording,begin_s,end_s\nline.flac,nan,2\n",
        "\0",
    ],
)
def test_a_table_of_what_is_left_out_may_be_wrong(table: str, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(table)
    with pytest.raises(UsageError, match=r"bad\.csv"):
        read_left_out(tmp_path / "bad.csv")


def test_a_table_of_what_is_left_out_may_have_decimal_commas(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("recording;begin_s;end_s\nline.flac;0,5;2\nline.flac;3,25;\n")
    spans = [Span(0.5, 2.0), Span(3.25, math.inf)]
    assert read_left_out(tmp_path / "bad.csv") == {"line.flac": spans}


def test_what_is_left_out_must_be_there(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.wav"):
        prepare_folder(
            folder, tmp_path / "mine.npz", PrepareSettings(), left_out={"gone.wav": [Span(0, 1)]}
        )
