"""Recordings against their resynthesis: the timbre graph, given their own pitch and loudness."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from instrument.arrays import DDSPControls, Float32, Float64
from instrument.listening.loudness import loudness_db
from instrument.model.graphs import FaultWatch, Instrument
from instrument.units import FRAME_RATE, db_to_gain, midi_to_hz
from training.analysis.spectra import measure_spectra
from training.data.features import FeatureCache
from training.evaluation.rooms import Rooms
from training.networks.losses import multi_scale_spectral_loss, spectrogram
from training.networks.synth import filtered_noise, harmonic

SPECTRAL_SIZE = 2048
SPECTRAL_FLOOR = 1e-5  # −100 dBFS


@torch.no_grad()
def resynthesise(
    instrument: Instrument, f0_hz: Float64, loudness: Float32, sample_rate: int, seed: int = 0
) -> Float32:
    """Audio [(T − 1)·hop] of the timbre graph for f0_hz and loudness in dB, [T] each."""
    watch = FaultWatch(instrument)
    controls, _ = instrument.timbre.run(
        f0_hz[None].astype(np.float32),
        loudness[None].astype(np.float32),
        instrument.new_state(1),
    )
    watch.check()
    return _synthesise(f0_hz, controls, sample_rate, seed)


def resynthesise_recording(
    cache: FeatureCache, instrument: Instrument, recording: int, rooms: Rooms, seed: int = 0
) -> Float32:
    """Audio [samples] of the timbre graph for a recording's own pitch and loudness, in its room."""
    source, frames = str(cache.source[recording]), cache.frames(recording)
    dry_db = rooms.dry_loudness_db(source, cache.loudness_db[frames])
    dry = resynthesise(instrument, cache.f0_hz[frames], dry_db, cache.sample_rate, seed)
    return rooms.heard(source, dry)


def copy_spectra(
    instrument: Instrument, audio: Float32, f0_hz: Float64, sample_rate: int
) -> Float32:
    """Audio of the harmonics and the noise that were measured of audio itself.

    It is about as near as the synthesiser comes to a recording, whatever network drives it.

    Args:
        instrument: How many harmonics and noise bands there are.
        audio: [samples], mono.
        f0_hz: [T], its pitch.
        sample_rate: In Hz.

    Returns:
        [(T − 1)·hop].
    """
    sizes = instrument.spec.timbre_size
    found = measure_spectra(
        audio, sample_rate, f0_hz, FRAME_RATE, sizes.harmonics, sizes.noise_bands
    )
    levels, noise = (
        db_to_gain(level_db[None]).astype(np.float32)
        for level_db in (found.harmonics_db, found.noise_db)
    )
    one = np.ones((1, len(f0_hz)), np.float32)
    return _synthesise(f0_hz, DDSPControls(one, levels, noise), sample_rate)


def _synthesise(f0_hz: Float64, controls: DDSPControls, sample_rate: int, seed: int = 0) -> Float32:
    """Audio [(T − 1)·hop] of pitch [T] and controls of one voice, [1, T, …]."""
    hop = sample_rate // FRAME_RATE
    amplitude, harmonics, noise = (
        torch.from_numpy(x) for x in (controls.amplitude, controls.harmonics, controls.noise)
    )
    tone = harmonic(torch.from_numpy(f0_hz[None]), amplitude, harmonics, sample_rate)
    random = torch.Generator().manual_seed(seed)
    white = 2.0 * torch.rand(1, len(f0_hz) - 1, hop, generator=random) - 1.0
    audio: Float32 = (tone + filtered_noise(noise[:, :-1], hop, white))[0].numpy()
    return audio.astype(np.float32)


def log_spectral_distance(estimate: Float32, target: Float32) -> float:
    """Root mean square over frequency of the difference in dB, mean over the frames that sound.

    Magnitudes of a Hann window of 2048 samples, nothing fainter than −100 dBFS; a frame sounds if
    the target has a partial above −80 dBFS.

    Args:
        estimate: [samples].
        target: [samples], as many.
    """
    magnitudes = [
        spectrogram(torch.from_numpy(audio)[None], SPECTRAL_SIZE)[0] * (2.0 / SPECTRAL_SIZE)
        for audio in (estimate, target)
    ]
    a, b = (20.0 * torch.log10(m.clamp_min(SPECTRAL_FLOOR)) for m in magnitudes)
    distance = (a - b).square().mean(0).sqrt()
    sounding = magnitudes[1].amax(0) > 10.0 * SPECTRAL_FLOOR
    return float(distance[sounding].mean()) if sounding.any() else 0.0


def resynthesis_metrics(
    cache: FeatureCache,
    instrument: Instrument,
    recordings: Sequence[int],
    step: Callable[[], None],
    rooms: Rooms | None = None,
) -> dict[str, float]:
    """Distances of recordings from their resynthesis with their own pitch and loudness.

    Args:
        cache: Features with the recordings.
        instrument: What resynthesises them.
        recordings: Some of the cache.
        step: Called after each.
        rooms: In which the resynthesis of a source is heard.

    Returns:
        Means over the recordings: ``timbre_loss``, ``timbre_spectral_db`` and
        ``timbre_loudness_db``.
    """
    rows = []
    rooms = rooms or Rooms()
    for recording in recordings:
        step()
        wanted = cache.loudness_db[cache.frames(recording)]
        target = cache.audio[cache.samples(recording)]
        audio = resynthesise_recording(cache, instrument, recording, rooms)
        length = min(len(audio), len(target))
        if length < SPECTRAL_SIZE:
            continue
        audio, target = audio[:length], target[:length]
        loss = multi_scale_spectral_loss(
            torch.from_numpy(audio)[None], torch.from_numpy(target)[None]
        )
        sounding = slice(int(cache.onset[recording]), int(cache.end[recording]))
        pitch_hz = midi_to_hz(float(cache.midi[recording]))
        got = loudness_db(audio, cache.sample_rate, FRAME_RATE, pitch_hz)[sounding]
        error = np.abs(got - wanted[sounding][: len(got)])
        rows.append([float(loss), log_spectral_distance(audio, target), float(error.mean())])
    if not rows:
        return {}
    names = ("timbre_loss", "timbre_spectral_db", "timbre_loudness_db")
    return dict(zip(names, (float(x) for x in np.mean(rows, axis=0)), strict=True))
