"""A person's folder as it is: what is used, what isn't and why, all in the report."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from instrument.arrays import Float32, Float64
from instrument.errors import UsageError
from tests.training.folders import report
from training.data.features import FeatureCache
from training.data.labels import RecordingLabel
from training.data.notes import PrepareSettings
from training.data.prepare import Prepared, Refusal, prepare, prepare_folder

ViolinNote = Callable[..., tuple[Float32, Float64]]
Record = Callable[..., RecordingLabel]

SETTINGS = PrepareSettings()


def test_nobody_is_left_out_of_the_report(
    violin_note: ViolinNote, record: Record, tmp_path: Path
) -> None:
    folder, audio = tmp_path / "notes", violin_note(69, 0.3)[0]
    for name in ("used", "flute", "unlabelled", "unnamed", "elsewhere/unnamed"):
        record(folder / f"{name}.wav", audio, 69)
    (folder / "labels.csv").write_text(
        "file,midi,instrument\nused.wav,69,VIOLIN\nflute.wav,69,Flute\n"
        "unlabelled.wav,,Violin\ngone.wav,69,violin\n"
    )
    (folder / "weather.csv").write_bytes(b"\xff\xfe day,rain\n")
    out = tmp_path / "violin.npz"
    prepared = prepare_folder(folder, out, dataclasses.replace(SETTINGS, instrument="Violin"))
    assert FeatureCache.load(out).name.tolist() == ["used.wav"]
    assert prepared.notes == 1
    expected = {
        "flute.wav": "another instrument: flute",
        "unlabelled.wav": "labels.csv, line 4: no pitch",
        "gone.wav": "no such file",
        "unnamed.wav": "labels.csv does not name it",
        "elsewhere/unnamed.wav": "labels.csv does not name it",
        "weather.csv": "not used",
    }
    reasons = report(out)
    assert reasons.keys() == expected.keys()
    for name, reason in expected.items():
        assert reason in reasons[name]


def test_what_should_be_known_of_a_recording_is_in_the_report_of_this_run_and_the_next(
    violin_note: ViolinNote, record: Record, tmp_path: Path
) -> None:
    audio = violin_note(69, 0.4, level_db=-14.0)[0]
    labels = [
        record(tmp_path / "notes" / "dead.wav", np.stack([audio, 0 * audio], axis=1), 69),
        record(tmp_path / "notes" / "antiphase.wav", np.stack([audio, -audio], axis=1), 69),
        record(tmp_path / "notes" / "cut.wav", audio[: len(audio) // 2], 69),
        record(tmp_path / "notes" / "mono.wav", audio, 69),
    ]
    out = tmp_path / "violin.npz"
    for _ in range(2):
        prepared = prepare(labels, out, SETTINGS)
        assert prepared.notes == 4
        said = report(out)
        assert said == {remark.name: remark.text for remark in prepared.remarks}
        assert said.keys() == {f"notes/{name}.wav" for name in ("dead", "antiphase", "cut")}
        assert "1 of its 2 channels" in said["notes/dead.wav"]
        assert "cancel" in said["notes/antiphase.wav"]
        assert "breaks off" in said["notes/cut.wav"]
    levels = FeatureCache.load(out).level_db
    assert np.ptp(levels) < 0.5


def test_reasons_are_counted_without_what_is_each_ones_own(features: FeatureCache) -> None:
    reasons = [
        "wrong pitch: +1.00 semitones from its label",
        "wrong pitch: -12.00 semitones from its label",
        "labels.csv, line 3: no pitch is given",
        "labels.csv, line 14: no pitch is given",
        "labels.csv, line 5: no pitch is given",
        "named in line 7, but there is no such file",
        "cannot be read as audio (unknown format); install ffmpeg",
    ]
    refused = [Refusal(str(number), reason) for number, reason in enumerate(reasons)]
    assert Prepared(features, refused, [], {}).reasons == [
        ("no pitch is given", 3),
        ("wrong pitch", 2),
        ("named in line …", 1),
        ("cannot be read as audio", 1),
    ]


def test_a_folder_of_another_instrument_says_which(
    violin_note: ViolinNote, record: Record, tmp_path: Path
) -> None:
    record(tmp_path / "notes" / "flute_A4_1_forte_normal.wav", violin_note(69, 0.3)[0], 69)
    with pytest.raises(UsageError, match="labelled flute"):
        prepare_folder(tmp_path / "notes", tmp_path / "violin.npz", SETTINGS)


def test_copies_count_once(violin_note: ViolinNote, record: Record, tmp_path: Path) -> None:
    """One of two could be held out, and the other learned from."""
    folder, audio = tmp_path / "notes", violin_note(69, 0.3)[0]
    for name in ("A4", "copies/A4", "B4"):
        record(folder / f"{name}.wav", audio, 69)
    prepared = prepare_folder(folder, tmp_path / "violin.npz", SETTINGS)
    assert prepared.cache.name.tolist() == ["A4.wav"]
    assert {refusal.name: refusal.reason.split(":")[0] for refusal in prepared.left_out} == {
        "copies/A4.wav": "a copy of another recording",
        "B4.wav": "wrong pitch",
    }
    assert ("a copy of another recording", 1) in prepared.reasons
