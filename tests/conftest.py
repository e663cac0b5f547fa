"""A tiny instrument that the real exporter made from synthetic notes, and a way to play it.

torch is imported only when the instrument is made, so that tests without one start quickly.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from instrument.arrays import Float32, Float64
from instrument.engine.engine import Engine
from instrument.listening.frames import FRAMES, RELEASE_FRAME
from instrument.midi.events import Event
from instrument.model.graphs import Instrument, load_instrument
from instrument.settings import EngineSettings
from instrument.units import FRAME_RATE
from tests.bowed_note import bowed_note

if TYPE_CHECKING:
    from training.data.features import FeatureCache
    from training.networks.envelope import ConditionalVAE
    from training.networks.timbre import TimbreDecoder

# A busy machine is no reason for a test to fail. CI tries the same examples each time, so that a
# change is judged by what it changed; everywhere else new ones are tried.
settings.register_profile(
    "arco",
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
# A round of `make fuzz`, which has many, each with a seed of its own.
settings.register_profile(
    "nightly", parent=settings.get_profile("arco"), max_examples=1000, derandomize=False
)
settings.load_profile("arco")

TOGETHER = {
    "tests/reference/": "TensorFlow",
    "tests/training/evaluation/test_evaluate.py": "evaluation",
    "tests/training/pictures/test_evaluation_report.py": "evaluation",
}
"""What files share, and takes long to import or to make."""


class Cores(LoadFileScheduling):  # type: ignore[misc]
    """Each core does whole files, and those together that share something."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return next((what for begin, what in TOGETHER.items() if file.startswith(begin)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Cores | None:
    return Cores(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, so that in the end no core waits long for another."""
    slow = {
        item.path
        for item in items
        if item.get_closest_marker("slow") or item.get_closest_marker("reference")
    }
    items.sort(key=lambda item: item.path not in slow)


NOTES = 24
ARTICULATIONS = ("ordinario", "molto-vibrato", "non-vibrato")
DYNAMICS = ("p", "mf", "f")


def synthetic_window(note: int, rng: np.random.Generator) -> tuple[Float64, Float64]:
    """Cents and relative loudness [750] of a note whose character follows from its number."""
    seconds = np.arange(FRAMES) / FRAME_RATE
    attack = 0.03 + 0.01 * (note % 7)
    onset = 1.0 - np.exp(-seconds / attack)
    straight = ARTICULATIONS[note % 3] == "non-vibrato"
    extent = 0.0 if straight else 8.0 + 1.5 * (note % 9)
    turn = 2.0 * np.pi * ((4.8 + 0.08 * (note % 13)) * seconds + rng.uniform())
    grown = np.clip((seconds - 0.15) / 0.25, 0.0, 1.0)
    drift = np.interp(seconds, np.linspace(0.0, 3.0, 7), rng.normal(0.0, 1.5, 7))
    cents = extent * grown * np.sin(turn) + drift - 30.0 * np.exp(-seconds / 0.03)
    cents[RELEASE_FRAME:] = cents[RELEASE_FRAME]

    swell = np.interp(seconds, np.linspace(0.0, 3.0, 7), rng.normal(0.0, 1.2, 7))
    level_db = 20.0 * np.log10(np.maximum(onset, 0.003)) + swell
    fall_db_per_frame = 0.4 + 0.03 * (note % 11)
    ending = np.arange(FRAMES - RELEASE_FRAME)
    level_db[RELEASE_FRAME:] = level_db[RELEASE_FRAME] - fall_db_per_frame * ending
    return cents, level_db


@pytest.fixture(scope="session")
def violin_note() -> Callable[..., tuple[Float32, Float64]]:
    """Makes a note: (midi, seconds=0.8, …) → audio at 48 kHz and its true f0_hz."""
    return bowed_note


@pytest.fixture(scope="session")
def synthetic_cache() -> FeatureCache:
    """Features of 24 notes over the violin's range, from pp to ff, without any audio."""
    from training.data.features import FeatureCache, no_stretches

    rng = np.random.default_rng(1)
    curves = [synthetic_window(note, rng) for note in range(NOTES)]
    order = rng.permutation(NOTES)
    mask = np.ones((NOTES, FRAMES), dtype=bool)
    mask[::5, 400:RELEASE_FRAME] = False
    nowhere, no_samples = np.zeros(NOTES + 1, np.int64), np.zeros(0, np.float32)
    return FeatureCache(
        settings={"sample_rate": 48_000},
        name=np.array([f"note-{note}" for note in range(NOTES)]),
        source=np.array(["one" if note % 2 else "two" for note in range(NOTES)]),
        dynamic=np.array([DYNAMICS[3 * rank // NOTES] for rank in order]),
        string=np.array(["GDAE"[min(note // 6, 3)] for note in range(NOTES)]),
        articulation=np.array([ARTICULATIONS[note % 3] for note in range(NOTES)]),
        group=np.array([f"note-{note}" for note in range(NOTES)]),
        midi=np.array([55 + 41 * note // (NOTES - 1) for note in range(NOTES)], np.int64),
        held_out=np.arange(NOTES) % 6 == 5,
        tuning_cents=np.zeros(NOTES, np.float32),
        level_db=(-42.0 + 26.0 * order / (NOTES - 1)).astype(np.float32),
        gain_db=np.zeros(NOTES, np.float32),
        onset=np.zeros(NOTES, np.int64),
        release=np.full(NOTES, RELEASE_FRAME),
        end=np.full(NOTES, FRAMES),
        window_recording=np.arange(NOTES),
        window_cents=np.array([cents for cents, _ in curves], np.float32),
        window_db=np.array([level_db for _, level_db in curves], np.float32),
        window_mask=mask,
        frame_start=nowhere,
        f0_hz=np.zeros(0),
        loudness_db=no_samples,
        audio_start=nowhere,
        audio=no_samples,
        **no_stretches(),
    )


@pytest.fixture(scope="session")
def tiny_networks(synthetic_cache: FeatureCache) -> tuple[ConditionalVAE, TimbreDecoder]:
    """A VAE that is PCA of the synthetic notes, and an untrained timbre: its level is right."""
    import torch

    from training.fitting.envelopes import EnvelopeSettings, EnvelopeWindows, usable_windows
    from training.networks.envelope import ConditionalSettings, ConditionalVAE
    from training.networks.timbre import TimbreDecoder, TimbreSettings

    torch.set_num_threads(1)
    torch.manual_seed(1)
    objective = EnvelopeSettings()
    windows = usable_windows(synthetic_cache, ~synthetic_cache.held_out)
    curves = EnvelopeWindows(synthetic_cache, windows, objective, augment=False).curves()
    envelope = ConditionalVAE(ConditionalSettings(latent=16, components=32, hidden=32))
    envelope.fit_components(curves, torch.tensor([objective.error_cents, objective.error_db]))
    # The sign of a principal component is the linear algebra library's choice.
    largest = envelope.components.abs().argmax(dim=1, keepdim=True)
    envelope.components *= torch.where(envelope.components.gather(1, largest) < 0.0, -1.0, 1.0)
    timbre = TimbreDecoder(TimbreSettings(hidden=16, harmonics=30, noise_bands=17))
    return envelope, timbre


@pytest.fixture(scope="session")
def tiny_instrument(
    synthetic_cache: FeatureCache,
    tiny_networks: tuple[ConditionalVAE, TimbreDecoder],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The folder of a tiny exported instrument."""
    from training.export.onnx import ExportSettings, export

    folder = tmp_path_factory.mktemp("exported") / "tiny"
    named = ExportSettings(name="tiny", description="Synthetic", licences={"one": "CC0"})
    export(*tiny_networks, synthetic_cache, folder, named)
    return folder


@pytest.fixture(scope="session")
def tiny_in_lines(
    synthetic_cache: FeatureCache,
    tiny_networks: tuple[ConditionalVAE, TimbreDecoder],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A tiny instrument that knows lines: quick notes are straight, bowed ones have no attack."""
    import torch

    from training.export.onnx import ExportSettings, export
    from training.fitting.envelopes import condition
    from training.networks.envelope import ConditionalSettings, ConditionalVAE

    torch.manual_seed(1)
    count, one = len(synthetic_cache.midi), torch.ones(len(synthetic_cache.midi))
    alone = torch.from_numpy(
        np.stack([synthetic_cache.window_cents, synthetic_cache.window_db], axis=1)
    )
    quick, bowed = alone.clone(), alone.clone()
    quick[:, 0] *= 0.2
    bowed[:, 1, :RELEASE_FRAME] *= 0.1
    midi = torch.from_numpy(synthetic_cache.midi).float()
    seconds = torch.cat([3.0 * one, 0.3 * one, 3.0 * one])
    in_line = torch.cat([0.0 * one, 0.0 * one, one])
    loudness, slurred = torch.full_like(in_line, 0.5), torch.zeros_like(in_line)
    where = condition(midi.repeat(3), loudness, seconds, slurred, in_line)
    settings = ConditionalSettings(latent=16, components=32, hidden=32, conditions=5)
    envelope = ConditionalVAE(settings)
    envelope.fit_usual(torch.cat([alone, quick, bowed]), torch.ones(3 * count, FRAMES), where)
    envelope.fit_components(alone, torch.tensor([3.0, 0.85]), where[:count])
    folder = tmp_path_factory.mktemp("exported") / "lines"
    named = ExportSettings(name="lines", description="Synthetic", performances={"a line": 3})
    export(envelope, tiny_networks[1], synthetic_cache, folder, named)
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_instrument: Path) -> Instrument:
    """The tiny instrument, loaded."""
    return load_instrument(tiny_instrument)


def _block_sizes(blocks: int | Iterable[int], samples: int) -> Iterator[int]:
    """Sizes of blocks that fill so many samples; given ones are repeated, the last one is cut."""
    sizes = repeat(blocks) if isinstance(blocks, int) else chain.from_iterable(repeat(list(blocks)))
    left = samples
    for size in sizes:
        if left <= 0:
            return
        yield min(size, left)
        left -= size


@pytest.fixture(scope="session")
def play(tiny: Instrument) -> Callable[..., Float32]:
    """Plays the tiny instrument: (events, seconds, blocks=4096, …) → stereo, [2, samples].

    ``events`` are (seconds, event) or (sample, event); ``blocks`` is the size of all blocks, or
    several that take turns. What else is given goes to the engine, without a room by default;
    ``preset`` is an index, and ``knobs`` are given by the indices of their axes.
    """

    def play(
        events: Sequence[tuple[float, Event]],
        seconds: float,
        blocks: int | Sequence[int] = 4096,
        sample_rate: int = 48_000,
        room_gain: float = 0.0,
        preset: int | None = None,
        knobs: Mapping[int, float] | None = None,
        **chosen: Any,
    ) -> Float32:
        more = {name: chosen.pop(name) for name in ("ahead", "frames_at_once") if name in chosen}
        if preset is not None:
            chosen["preset"] = tiny.spec.presets[preset].name
        chosen["knobs"] = {tiny.spec.axes[axis].name: at for axis, at in (knobs or {}).items()}
        settings = EngineSettings(sample_rate=sample_rate, room_gain=room_gain, **chosen)
        engine = Engine(tiny, settings, **more)
        for time, event in events:
            engine.push(event, time if isinstance(time, int) else round(time * sample_rate))
        out = np.zeros((2, round(seconds * sample_rate)), np.float32)
        first = 0
        for size in _block_sizes(blocks, out.shape[1]):
            engine.render(out[:, first : first + size])
            first += size
        return out

    return play
