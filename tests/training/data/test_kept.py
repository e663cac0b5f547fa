"""What was analysed of a recording is read back whole, or found anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from instrument.errors import UsageError
from instrument.listening.audio import Recording
from instrument.listening.note import Analysis
from tests.training.damage import ARRAYS, read_archive, write_archive
from training.data import prepare as prepare_module
from training.data.features import FeatureCache
from training.data.labels import RecordingLabel
from training.data.notes import PrepareSettings
from training.data.prepare import prepare

Record = Callable[..., RecordingLabel]

RATE = 48_000
SETTINGS = PrepareSettings()


@pytest.mark.parametrize("kind", [*ARRAYS, "bytes cut", "not an archive", "of another length"])
def test_what_was_kept_of_a_recording_may_be_anything(
    kind: str,
    features: FeatureCache,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is damaged is analysed anew."""
    frames, samples, segments = features.frames(0), features.samples(0), features.segments(0)
    note = Analysis(
        features.audio[samples], features.f0_hz[frames], features.loudness_db[frames], segments, 0.0
    )
    monkeypatch.setattr(prepare_module, "read_recording", lambda *_: Recording(note.audio))
    monkeypatch.setattr(prepare_module, "analyse", lambda *_: note)
    (tmp_path / "a.wav").write_bytes(b"")
    labels = [RecordingLabel(tmp_path / "a.wav", "a.wav", 69)]
    out = tmp_path / "violin.npz"
    prepare(labels, out, SETTINGS)
    whole = out.read_bytes()
    (part,) = out.with_suffix(".parts").iterdir()
    content, arrays = part.read_bytes(), read_archive(part)
    for name in arrays:
        if kind in ARRAYS:
            write_archive(part, arrays | {name: ARRAYS[kind](arrays[name])})
        elif kind == "of another length":
            write_archive(part, arrays | {"audio": arrays["audio"][: -RATE // 10]})
        else:
            part.write_bytes(content[:-50] if kind == "bytes cut" else b"text")
        prepare(labels, out, SETTINGS)
        assert set(FeatureCache.load(out).name) == {"a.wav"}
    if kind in {"gone", "none", "nan", "bytes cut", "not an archive", "of another length"}:
        assert out.read_bytes() == whole


@pytest.mark.parametrize("refused", [b"bytes", 3.0, ["a", "b"], np.nan])
def test_a_reason_that_is_no_text_is_found_anew(
    refused: object, record: Record, tmp_path: Path
) -> None:
    label, out = record(tmp_path / "notes" / "a.wav", np.zeros(RATE, np.float32), 69), "violin.npz"
    for _ in range(2):
        with pytest.raises(UsageError, match="silence"):
            prepare([label], tmp_path / out, SETTINGS)
        (part,) = (tmp_path / "violin.parts").iterdir()
        write_archive(part, {"refused": np.array(refused)})
