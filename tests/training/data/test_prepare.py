"""Preparing a folder: every note is used or refused with a reason, once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from instrument.arrays import Float32, Float64
from instrument.errors import OutputError, UsageError
from instrument.listening.frames import RELEASE_FRAME
from tests.training.folders import report
from training.analysis import crepe
from training.analysis.crepe import CrepeSize
from training.data.features import FeatureCache
from training.data.labels import RecordingLabel
from training.data.notes import PrepareSettings
from training.data.prepare import prepare

ViolinNote = Callable[..., tuple[Float32, Float64]]
Record = Callable[..., RecordingLabel]

RATE = 48_000
SETTINGS = PrepareSettings()


def count_analyses(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """A list that grows with each note that CREPE hears."""
    heard: list[float | None] = []
    original = crepe.estimate_f0

    def counting(
        audio: Float32,
        sample_rate: int,
        frame_rate: int,
        expected_midi: float | None = None,
        size: CrepeSize = "tiny",
        device: str = "cpu",
    ) -> tuple[Float32, Float32]:
        heard.append(expected_midi)
        return original(audio, sample_rate, frame_rate, expected_midi, size, device)

    monkeypatch.setattr(crepe, "estimate_f0", counting)
    return heard


# --- A folder ---------------------------------------------------------------------------------


def test_what_cannot_be_used_is_reported_with_its_reason_and_the_rest_is_used(
    violin_note: ViolinNote, record: Record, tmp_path: Path
) -> None:
    folder = tmp_path / "notes"
    good, _ = violin_note(69, 0.5)
    loud, _ = violin_note(69, 0.5, level_db=3.0)
    octave, _ = violin_note(81, 0.5, noise_db=-60.0)
    other, _ = violin_note(73, 0.5)
    hiss = np.random.default_rng(0).standard_normal(RATE // 2).astype(np.float32)
    broken = record(folder / "broken.wav", good, 69)
    broken.path.write_bytes(broken.path.read_bytes()[:20])
    gone = record(folder / "gone.wav", good, 69)
    gone.path.unlink()
    labels = [
        record(folder / "good.wav", good, 69),
        record(folder / "silence.wav", 1e-5 * good, 69),
        record(folder / "clipped.wav", np.clip(loud, -1.0, 1.0), 69),
        record(folder / "unvoiced.wav", 0.1 * hiss, 69),
        record(folder / "two.wav", np.concatenate([good[:26_000], other[16_000:]]), 69),
        record(folder / "semitone.wav", good, 70),
        record(folder / "octave.wav", octave, 69),
        broken,
        gone,
    ]
    out = tmp_path / "violin.npz"
    refused = prepare(labels, out, SETTINGS).left_out
    assert FeatureCache.load(out).name.tolist() == ["notes/good.wav"]
    reasons = report(out)
    assert reasons == {refusal.name: refusal.reason for refusal in refused}
    expected = {
        "silence": "silence",
        "clipped": "clipped",
        "unvoiced": "unvoiced",
        "two": "two notes",
        "semitone": "wrong pitch: -",
        "octave": "wrong pitch: +1",
        "broken": "cannot be read as audio",
        "gone": "cannot be opened",
    }
    assert set(reasons) == {f"notes/{name}.wav" for name in expected}
    for name, reason in expected.items():
        assert reasons[f"notes/{name}.wav"].startswith(reason), name


def test_a_folder_with_nothing_to_use_is_an_error_that_gives_a_reason(
    record: Record, tmp_path: Path
) -> None:
    label = record(tmp_path / "notes" / "a.wav", np.zeros(RATE, np.float32), 69)
    out = tmp_path / "violin.npz"
    with pytest.raises(UsageError, match=r"not one recording.*notes/a\.wav: silence"):
        prepare([label], out, SETTINGS)
    assert not out.exists()
    assert list(report(out)) == ["notes/a.wav"]


def test_a_run_that_was_stopped_goes_on_where_it_was(
    violin_note: ViolinNote, record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = [
        record(tmp_path / "notes" / f"{midi}.wav", violin_note(midi, 0.3)[0], midi)
        for midi in (60, 67, 74)
    ]
    labels.insert(1, record(tmp_path / "notes" / "wrong.wav", violin_note(62, 0.3)[0], 61))
    out = tmp_path / "violin.npz"
    heard = count_analyses(monkeypatch)

    def stop(done: int, _all: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(labels, out, SETTINGS, stop)
    assert not out.exists()
    assert heard == [60, 61, 67]

    seen: list[tuple[int, int]] = []
    refused = prepare(
        labels, out, SETTINGS, lambda done, count: seen.append((done, count))
    ).left_out
    assert heard == [60, 61, 67, 74]
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert [refusal.name for refusal in refused] == ["notes/wrong.wav"]
    first = out.read_bytes()

    again = prepare(labels, out, SETTINGS)
    assert len(heard) == 4
    assert again.left_out == refused
    assert out.read_bytes() == first


def test_other_settings_are_analysed_anew(
    violin_note: ViolinNote, record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = [record(tmp_path / "notes" / "a.wav", violin_note(69, 0.3)[0], 69)]
    out = tmp_path / "violin.npz"
    heard = count_analyses(monkeypatch)
    prepare(labels, out, SETTINGS)
    prepare(labels, out, dataclasses.replace(SETTINGS, sample_rate=32_000))
    assert len(heard) == 2
    assert FeatureCache.load(out).sample_rate == 32_000


def test_what_does_not_decide_the_analysis_is_no_reason_for_another(
    violin_note: ViolinNote, record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The share that is held out, the instrument, names, labels, and so gains."""
    audio = violin_note(69, 0.3)[0]
    label = record(tmp_path / "notes" / "a.wav", audio, 69)
    moved = record(tmp_path / "moved" / "b.wav", audio, 69, source="here", dynamic="f")
    heard = count_analyses(monkeypatch)
    for labels, chosen in (
        ([label], SETTINGS),
        ([label], dataclasses.replace(SETTINGS, held_out=0.5)),
        ([label], dataclasses.replace(SETTINGS, instrument="cello", device="cpu:0")),
        ([moved], SETTINGS),
    ):
        prepare(labels, tmp_path / "violin.npz", chosen)
    assert heard == [69]


def test_a_recording_that_was_replaced_by_one_of_its_size_is_analysed_anew(
    violin_note: ViolinNote, record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    label = record(tmp_path / "notes" / "a.wav", violin_note(69, 0.3)[0], 69)
    out, size = tmp_path / "violin.npz", label.path.stat().st_size
    heard = count_analyses(monkeypatch)
    prepare([label], out, SETTINGS)
    record(label.path, violin_note(69.2, 0.3)[0], 69)
    assert label.path.stat().st_size == size
    prepare([label], out, SETTINGS)
    assert heard == [69, 69]
    assert FeatureCache.load(out).tuning_cents[0] == pytest.approx(20.0, abs=3.0)


def test_a_file_where_the_parts_would_be_is_said(record: Record, tmp_path: Path) -> None:
    label = record(tmp_path / "notes" / "a.wav", np.zeros(RATE, np.float32), 69)
    (tmp_path / "violin.parts").write_text("mine")
    with pytest.raises(OutputError, match=r"violin\.parts is a file"):
        prepare([label], tmp_path / "violin.npz", SETTINGS)
    assert (tmp_path / "violin.parts").read_text() == "mine"


def test_a_name_that_is_no_text_is_prepared(
    violin_note: ViolinNote, record: Record, tmp_path: Path
) -> None:
    label = record(tmp_path / "notes" / "a.wav", violin_note(69, 0.3)[0], 69)
    silent = record(tmp_path / "notes" / "b.wav", np.zeros(RATE, np.float32), 69)
    labels = [
        dataclasses.replace(one, name=f"\udce9/{one.name}", source="here")
        for one in (label, silent)
    ]
    out = tmp_path / "violin.npz"
    prepare(labels, out, SETTINGS)
    assert FeatureCache.load(out).name.tolist() == [labels[0].name]
    assert list(report(out)) == ["\\udce9/notes/b.wav"]


# --- The cache --------------------------------------------------------------------------------


def test_labels_reach_the_cache(features: FeatureCache) -> None:
    assert sorted(set(features.source.tolist())) == ["one", "two"]
    assert sorted(set(features.dynamic.tolist())) == ["f", "p"]
    for name, midi in zip(features.name, features.midi, strict=True):
        assert str(name).startswith(f"{features.source[features.name == name][0]}/{midi}-")


def test_every_note_has_its_pitch(features: FeatureCache) -> None:
    for r, midi in enumerate(features.midi):
        start = features.frames(r).start
        sustain = slice(start + features.onset[r] + 20, start + features.release[r] - 5)
        cents = 1200.0 * np.log2(features.f0_hz[sustain] / 440.0) - 100.0 * (midi - 69)
        assert cents.max() == pytest.approx(25.0, abs=3.0)
        assert cents.min() == pytest.approx(-25.0, abs=3.0)


def test_a_short_note_is_masked_where_it_is_continued(features: FeatureCache) -> None:
    for window, recording in enumerate(features.window_recording):
        sounding = features.release[recording] - features.onset[recording]
        assert features.window_mask[window, :RELEASE_FRAME].sum() == sounding < RELEASE_FRAME


def test_windows_hold_level_against_the_note_and_cents_against_its_tuning(
    features: FeatureCache,
) -> None:
    for window in range(len(features.window_recording)):
        sustain = features.window_mask[window] & (np.arange(len(features.window_mask[window])) > 50)
        sustain[RELEASE_FRAME:] = False
        assert np.median(features.window_db[window][sustain]) == pytest.approx(0.0, abs=1.0)
        assert np.median(features.window_cents[window][sustain]) == pytest.approx(0.0, abs=5.0)


def test_a_source_that_is_6_db_too_loud_is_brought_back(features: FeatureCache) -> None:
    gain = {s: set(features.gain_db[features.source == s].tolist()) for s in ("one", "two")}
    assert gain["one"] == {0.0}
    (of_two,) = gain["two"]
    assert of_two == pytest.approx(-6.0, abs=1.0)
    for midi in set(features.midi.tolist()):
        levels = features.level_db[features.midi == midi]
        dynamics = features.dynamic[features.midi == midi]
        difference = levels[dynamics == "f"][0] - levels[dynamics == "p"][0]
        assert difference == pytest.approx(8.0, abs=1.5)


def test_audio_and_loudness_are_levelled_together(features: FeatureCache) -> None:
    peaks = {
        source: [
            20.0 * np.log10(np.abs(features.audio[features.samples(r)]).max())
            - features.loudness_db[features.frames(r)].max()
            for r in np.flatnonzero(features.source == source).tolist()
            if features.midi[r] == 74
        ]
        for source in ("one", "two")
    }
    assert peaks["one"] == pytest.approx(peaks["two"], abs=0.3)


def test_the_split_is_by_recording_never_by_window(features: FeatureCache) -> None:
    assert len(features.held_out) == len(features.name)
    assert 0 < features.held_out.sum() < len(features.name)
