"""Synthetic violin notes with known pitch, level and segments, and features made from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray

from instrument.arrays import Float32
from instrument.model.graphs import Instrument
from tests.bowed_note import bowed_note
from training.data.features import FeatureCache
from training.data.idx import Pictures
from training.data.labels import RecordingLabel
from training.data.notes import PrepareSettings
from training.data.prepare import prepare
from training.evaluation import two_sample
from training.evaluation.evaluate import Evaluation, evaluate
from training.evaluation.playback import PlaybackSettings
from training.networks.envelope import ConditionalVAE
from training.networks.timbre import TimbreDecoder

RATE = 48_000


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """On few cores, the threads of a tiny network wait for each other longer than they compute."""
    numba.set_num_threads(1)  # before torch's: starting numba's threads changes those of torch
    torch.set_num_threads(1)


def _record(path: Path, audio: Float32, midi: int, **labels: Any) -> RecordingLabel:
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
            audio, _ = bowed_note(
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
    assert prepare(labels, out, PrepareSettings(held_out=0.3)).left_out == []
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
        takes=2,
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
        patch.setattr(two_sample, "SPLITS", 1)
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
