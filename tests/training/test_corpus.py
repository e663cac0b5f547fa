"""Rendered scores as a data set: each worker of a loader renders a part of its own."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import instrument as arco
from instrument.units import hz_to_midi
from training.corpus import RenderedScores


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    """Three scores of a short note each."""
    for key in (60, 67, 74):
        track = mido.MidiTrack([mido.Message("note_on", note=key)])
        track.append(mido.Message("note_off", note=key, time=100))
        mido.MidiFile(tracks=[track]).save(tmp_path / f"{key}.mid")
    return tmp_path


def example(item: arco.CorpusItem) -> tuple[str, torch.Tensor]:
    """The key, and the pitch where there is one."""
    (frames,) = item.frames.values()
    return item.key, torch.from_numpy(frames.f0_hz[frames.voiced])


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_workers_share_the_items_and_a_seed_gives_others(
    tiny_instrument: Path, scores: Path
) -> None:
    data = RenderedScores(tiny_instrument, scores, example, tempo=(2, 4), frame_rate=200.0)
    alone = dict(DataLoader(data, batch_size=None))
    shared = list(DataLoader(data, batch_size=None, num_workers=2))
    assert sorted(key for key, _ in shared) == sorted(alone)
    assert all(torch.equal(alone[key], f0_hz) for key, f0_hz in shared)
    keys = sorted(float(np.median(hz_to_midi(f0_hz.numpy()))) for f0_hz in alone.values())
    assert keys == pytest.approx([60, 67, 74], abs=0.6)
    data.seed = 1
    assert not {*alone} & {*dict(DataLoader(data, batch_size=None))}
