"""Synthetic violin notes with known pitch, level and segments, and features made from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray

from instrument.arrays import Float32, Float64
from instrument.model.graphs import Instrument
from instrument.units import FRAME_RATE, db_to_gain, midi_to_hz
from training.data.features import FeatureCache
from training.data.idx import Pictures
from training.data.labels import RecordingLabel
from training.data.notes import PrepareSettings
from training.data.prepare import prepare
from training.evaluation import generation
from training.evaluation.evaluate import Evaluation, evaluate
from training.evaluation.playback import PlaybackSettings
from training.networks.envelope import ConditionalVAE
from training.networks.timbre import TimbreDecoder

RATE = 48_000
ATTACK_SECONDS = 0.04
RELEASE_SECONDS = 0.09


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """On few cores, the threads of a tiny network wait for each other longer than they compute."""
    numba.set_num_threads(1)  # before torch's: starting numba's threads changes those of torch
    torch.set_num_threads(1)


def _violin_note(
    midi: float,
    seconds: float = 0.8,
    *,
    level_db: float = -20.0,
    vibrato_cents: float = 0.0,
    vibrato_hz: float = 5.5,
    fundamental_db: float = 0.0,
    noise_db: float = -80.0,
    silence: float = 0.1,
    seed: int = 0,
) -> tuple[Float32, Float64]:
    """A bowed note: harmonics that fall by 6 dB an octave, and white noise.

    Args:
        midi: nominal pitch.
        seconds: from onset to release.
        level_db: r.m.s. level of the harmonics in the sustain.
        vibrato_cents: extent to each side.
        vibrato_hz: rate.
        fundamental_db: gain of the first harmonic against its place in the series.
        noise_db: r.m.s. level of the noise in the sustain.
        silence: seconds of it on both sides; with none, the note is all sustain.
        seed: of the noise.

    Returns:
        audio [samples] at 48 kHz, and the true f0_hz [1 + samples·250 // 48000].
    """
    lead = round(silence * RATE)
    ring = round(2 * RELEASE_SECONDS * RATE) if silence else 0
    samples = lead + round(seconds * RATE) + ring + lead

    def f0_hz_at(time: Float64) -> Float64:
        cents = vibrato_cents * np.sin(2.0 * np.pi * vibrato_hz * time)
        return np.asarray(midi_to_hz(midi + cents / 100.0), np.float64)

    time = np.arange(samples) / RATE
    phase = 2.0 * np.pi * np.cumsum(f0_hz_at(time)) / RATE
    count = int(min(12, 0.45 * RATE // midi_to_hz(midi + vibrato_cents / 100.0)))
    amplitude = 1.0 / np.arange(1, count + 1)
    amplitude[0] *= db_to_gain(fundamental_db)
    amplitude *= db_to_gain(level_db) / np.sqrt(np.sum(amplitude**2) / 2.0)
    audio = sum(a * np.sin(order * phase) for order, a in enumerate(amplitude, start=1))
    audio += db_to_gain(noise_db) * np.random.default_rng(seed).standard_normal(samples)
    if silence:
        since_onset = time - silence
        since_release = since_onset - seconds
        shape = np.clip(since_onset / ATTACK_SECONDS, 0.0, 1.0)
        shape *= np.exp(-np.maximum(since_release, 0.0) / (RELEASE_SECONDS / 3.0))
        audio *= shape
    frame_time = np.arange(1 + samples * FRAME_RATE // RATE) / FRAME_RATE
    return audio.astype(np.float32), f0_hz_at(frame_time)


@pytest.fixture(scope="session")
def violin_note() -> Callable[..., tuple[Float32, Float64]]:
    """Makes a note: (midi, seconds=0.8, …) → audio at 48 kHz and its true f0_hz."""
    return _violin_note


def _record(path: Path, audio: Float32, midi: int, **labels: str) -> RecordingLabel:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio, RATE, subtype="FLOAT")
    return RecordingLabel(path=path, name=f"{path.parent.name}/{path.name}", midi=midi, **labels)


@pytest.fixture(scope="session")
def record() -> Callable[..., RecordingLabel]:
    """Writes a recording: (path, audio, midi, **labels) → its label."""
    return _record


@pytest.fixture(scope="session")
def features(tmp_path_factory: pytest.TempPathFactory) -> FeatureCache:
    """Features of twelve notes: two sources, the second 6 dB louder, p and f, with vibrato."""
    folder = tmp_path_factory.mktemp("features")
    dynamics = {"p": -32.0, "f": -24.0}
    labels = []
    for index, midi in enumerate((55, 62, 67, 74, 86, 95)):
        for source, louder_db in (("one", 0.0), ("two", 6.0)):
            dynamic = "pf"[(index + (source == "two")) % 2]
            audio, _ = _violin_note(
                midi,
                0.4 if midi == 67 else 0.6,
                level_db=dynamics[dynamic] + louder_db,
                vibrato_cents=25.0,
                vibrato_hz=5.0 + 0.2 * index,
                seed=index,
            )
            path = folder / source / f"{midi}-{dynamic}.wav"
            labels.append(_record(path, audio, midi, dynamic=dynamic, source=source))
    out = folder / "violin.npz"
    refused = prepare(labels, out, PrepareSettings(held_out=0.3))
    assert refused == []
    return FeatureCache.load(out)


@pytest.fixture(scope="session")
def few() -> PlaybackSettings:
    """A few short notes to listen to."""
    return PlaybackSettings(
        keys=(62, 86),
        velocities=(80,),
        sweep_keys=(69,),
        sweep_velocities=(10, 64, 127),
        note_seconds=0.8,
        compared=2,
        draws=2,
        timbre_notes=2,
        soundfont=Path("no-such-soundfont.sf2"),
        held=1,
        held_seconds=6.0,
        line_keys=(69,),
        intervals=(7,),
        knob_keys=(69,),
    )


@pytest.fixture(scope="session")
def evaluation_steps() -> list[tuple[int, int]]:
    """What `evaluation` told its progress callable: how many steps were done, of how many."""
    return []


@pytest.fixture(scope="session")
def evaluation(
    features: FeatureCache,
    tiny: Instrument,
    tiny_networks: tuple[ConditionalVAE, TimbreDecoder],
    few: PlaybackSettings,
    evaluation_steps: list[tuple[int, int]],
) -> Evaluation:
    """The evaluation of the tiny instrument on a few notes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generation, "SPLITS", 1)
        return evaluate(
            features,
            tiny,
            tiny_networks[0],
            settings=few,
            progress=lambda done, of: evaluation_steps.append((done, of)),
        )


def _write_idx(path: Path, values: NDArray[np.uint8]) -> None:
    header = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">u4").tobytes()
    path.write_bytes(header + values.tobytes())


@pytest.fixture(scope="session")
def write_idx() -> Callable[[Path, NDArray[np.uint8]], None]:
    """Writes an IDX file: (path, values)."""
    return _write_idx


def _some_pictures(count: int, seed: int) -> Pictures:
    """Lying bars (0), standing bars (1) and squares (2), near the middle."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=count).astype(np.uint8)
    images = rng.integers(20, size=(count, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        height, width = ((4, 20), (20, 4), (10, 10))[label]
        top, left = (28 - np.array([height, width])) // 2 + rng.integers(-2, 3, size=2)
        image[top : top + height, left : left + width] += 200
    return Pictures(images, labels)


@pytest.fixture(scope="session")
def picture_set() -> tuple[Pictures, Pictures]:
    """Pictures of three classes to train on, and to test on."""
    return _some_pictures(300, seed=0), _some_pictures(90, seed=1)


@pytest.fixture(scope="session")
def picture_folder(
    tmp_path_factory: pytest.TempPathFactory, picture_set: tuple[Pictures, Pictures]
) -> Path:
    """The same as four IDX files."""
    folder = tmp_path_factory.mktemp("pictures")
    for side, (images, labels) in zip(("train", "t10k"), picture_set, strict=True):
        _write_idx(folder / f"{side}-images-idx3-ubyte", images)
        _write_idx(folder / f"{side}-labels-idx1-ubyte", labels)
    return folder
