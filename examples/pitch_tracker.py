"""A pitch tracker that learns from rendered scores alone, tried on recordings beside CREPE.

    python examples/pitch_tracker.py SCORES RECORDINGS

The recordings are single notes with labels, as ``arco train prepare`` takes them. Tried are those
that it holds out: an instrument that learned from the others has never heard them. '.[train]'
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import soxr
import torch
import typer
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import ConcatDataset, DataLoader, Dataset, TensorDataset

import instrument as arco
from instrument.arrays import Float32
from instrument.corpus.loading import CorpusOptions
from instrument.listening.audio import read_audio
from instrument.listening.loudness import loudness_db
from instrument.listening.tracker import SURE, track
from training.analysis.crepe import estimate_f0
from training.corpus import RenderedScores
from training.data.features import evenly, split
from training.data.labels import RecordingLabel, same_instrument
from training.data.notes import PrepareSettings
from training.data.readers import read_labels

RATE, FRAME_RATE = 16_000, 100
WINDOW, PADDED = 1024, 4096
BINS, OCTAVE = 360, 60
CENTS = 1997.3794 + 1200 / OCTAVE * torch.arange(BINS)
"""Of the bins above 10 Hz: CREPE's, up to MIDI 95."""
HIGHEST_KEY = 95
HARMONICS = torch.tensor([0.5, 1, 1.5, 2, 3, 4, 5, 6])
SHIFTS = (OCTAVE * (1 + HARMONICS.log2())).round().int().tolist()
"""Where they lie in a spectrum that begins an octave below the first bin."""
FRAMES = 1500
"""So many are learned of an item, at most."""
LEADS, AUDIBLE = 0.95, 1e-4
"""Of the power of a frame, and of the loudest one: what a note must have to be learned from."""
VARIED: CorpusOptions = {
    "transpose": (-12, 19),
    "velocity": (-30, 30),
    "presets": ("natural", "expressive", "gentle", "marcato"),
    "room": (0.0, 0.5),
    "outside": "skip",
    "sample_rate": 2 * RATE,
    "frame_rate": FRAME_RATE,
}


def spectra(audio: Float32) -> Tensor:
    """Levels [frames, bins], from 80 dB under the highest of a frame, 0, to that, 1."""
    hann, samples = torch.hann_window(WINDOW), torch.from_numpy(audio)
    transform = torch.stft(
        samples, PADDED, RATE // FRAME_RATE, WINDOW, hann, pad_mode="constant", return_complex=True
    )
    level_db = 20 * (transform.abs().T + 1e-7).log10()
    octaves = CENTS[0] / 1200 - 1 + torch.arange(BINS + SHIFTS[-1]) / OCTAVE
    at = (10 * 2**octaves * PADDED / RATE).clamp(max=PADDED // 2 - 1)
    level_db = torch.lerp(level_db[:, at.long()], level_db[:, at.long() + 1], at.frac())
    return (1 + (level_db - level_db.amax(dim=1, keepdim=True)) / 80).clamp(min=0)


class PitchTracker(nn.Module):
    """Convolutions along pitch, given what is at its multiples (R. M. Bittner et al. 2017)."""

    def __init__(self, channels: int = 24, width: int = 15) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for taken in (len(SHIFTS), channels, channels, channels):
            layers += [nn.Conv1d(taken, channels, width, padding="same"), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv1d(channels, 1, width, padding="same"))

    def forward(self, levels: Tensor) -> Tensor:
        """Logits [frames, 360] of the bins, from ``spectra``."""
        stacked = torch.stack([levels[:, at : at + BINS] for at in SHIFTS], dim=1)
        logits: Tensor = self.layers(stacked)
        return logits[:, 0]

    @torch.inference_mode()
    def estimate_f0(self, audio: Float32) -> Float32:
        """The pitch of each frame in Hz: the mean of the nine bins around the likeliest one."""
        likely = torch.cat([self(part) for part in torch.split(spectra(audio), 256)]).softmax(dim=1)
        near = likely * ((torch.arange(BINS) - likely.argmax(dim=1, keepdim=True)).abs() <= 4)
        cents = (near * CENTS).sum(dim=1) / near.sum(dim=1)
        return np.asarray(10 * 2 ** (cents / 1200), np.float32)


def example(item: arco.CorpusItem) -> tuple[Tensor, Tensor]:
    """Spectra and pitches in Hz of some frames that one note leads, under noise."""
    rng = np.random.default_rng(int(item.key, 16))
    audio = soxr.resample(item.audio.mean(axis=0), item.sample_rate, RATE)
    white = np.fft.rfft(rng.standard_normal(len(audio)))
    noise = np.fft.irfft(white / np.arange(1, len(white) + 1) ** rng.uniform(0, 1), len(audio))
    noise *= audio.std() / noise.std() * 10 ** (-rng.uniform(10, 60) / 20)
    levels = spectra(np.asarray(audio + noise, np.float32))

    tables = item.frames.values()
    frame = np.concatenate([np.round(table.time * FRAME_RATE).astype(int) for table in tables])
    f0_hz = np.concatenate([table.f0_hz for table in tables])
    power = np.concatenate([10 ** (table.loudness_db / 10) for table in tables])
    leads = (power > LEADS * np.bincount(frame, power)[frame]) & (power > AUDIBLE * power.max())
    chosen = rng.permutation(np.flatnonzero(leads & (f0_hz > 0) & (frame < len(levels))))[:FRAMES]
    return levels[frame[chosen]], torch.from_numpy(f0_hz[chosen]).float()


def objective(logits: Tensor, f0_hz: Tensor) -> Tensor:
    """Cross entropy with the right bins, blurred by 25 cents."""
    cents = 1200 * (f0_hz[:, None] / 10).log2() - CENTS
    return cross_entropy(logits, (-((cents / 25) ** 2) / 2).softmax(dim=1))


def train(sounds: Dataset[tuple[Tensor, ...]]) -> PitchTracker:
    """Fit a tracker, which hears each frame once."""
    batches, tracker = DataLoader(sounds, batch_size=128, shuffle=True), PitchTracker()
    optimiser = torch.optim.Adam(tracker.parameters())
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=len(batches))
    for step, (levels, f0_hz) in enumerate(batches):
        loss = objective(tracker(levels), f0_hz)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        rate.step()
        if step % 50 == 0:
            print(f"step {step} of {len(batches)}: {loss.item():.3f}", flush=True)
    return tracker


def held_out(recordings: Path, instrument: str, most: int) -> list[RecordingLabel]:
    """Recordings that ``arco train prepare`` holds out, of notes that CREPE knows."""
    labels = [x for x in read_labels(recordings).labels if same_instrument(x, instrument)]
    out = split([x.name for x in labels], [x.source for x in labels], PrepareSettings.held_out)
    known = [int(i) for i in np.flatnonzero(out) if labels[i].midi <= HIGHEST_KEY]
    return [labels[i] for i in evenly(known, most)]


def accuracies(tracker: PitchTracker, label: RecordingLabel) -> list[float]:
    """Raw pitch accuracy of the tracker and of CREPE: frames within 50 cents of the note.

    Its pitch is the median of a third tracker that knows the note; 20 dB of its frames count.
    """
    audio = read_audio(label.path, RATE)
    known_hz, sure = track(audio, RATE, label.midi)
    level_db = loudness_db(audio, RATE, FRAME_RATE)
    loud = level_db > level_db.max() - 20
    heard_hz = tracker.estimate_f0(audio), estimate_f0(audio, RATE, FRAME_RATE, size="tiny")[0]
    right_hz = np.median(known_hz[sure > SURE])
    return [float(np.mean(np.abs(1200 * np.log2(hz[loud] / right_hz)) < 50)) for hz in heard_hz]


def main(
    scores: Annotated[Path, typer.Argument(help="A .mid file, or a folder of them.")],
    recordings: Annotated[Path, typer.Argument(help="A folder of labelled single notes.")],
    instrument: Annotated[str, typer.Option(help="What plays.")] = "violin",
    variants: Annotated[int, typer.Option(help="Of each score.")] = 8,
    most: Annotated[int, typer.Option(help="Recordings that it is tried on.")] = 60,
) -> None:
    """Render so many variants of scores, train, and try it on so many recordings at most."""
    torch.manual_seed(0)
    labels = held_out(recordings, instrument, most)
    rendered = RenderedScores(instrument, [scores], example, variants, **VARIED)
    loader = DataLoader(rendered, batch_size=None, num_workers=2)
    # Copied, since each tensor that a worker sends keeps a file open.
    tracker = train(ConcatDataset([TensorDataset(*(x.clone() for x in both)) for both in loader]))
    learned, crepe = 100 * np.mean([accuracies(tracker, label) for label in labels], axis=0)
    print(f"{len(labels)} recordings: {learned:.1f} %, CREPE tiny {crepe:.1f} %")


if __name__ == "__main__":
    typer.run(main)
