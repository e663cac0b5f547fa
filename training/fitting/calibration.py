"""The noise of a timbre network, brought to the strength that it has in recordings.

Where harmonics mask it, noise of any strength gives nearly the same spectral loss, and a little
less of it the least: refined by that loss, a network is too clean.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from training.analysis.tone import measure_tone
from training.data.features import FeatureCache, evenly
from training.fitting.timbre import render
from training.networks.timbre import TimbreDecoder

NOTES = 48
ROUNDS = 2  # harmonics leak a little into the gaps where the noise is measured


@torch.no_grad()
def noise_excess_db(
    network: TimbreDecoder, cache: FeatureCache, recordings: Sequence[int]
) -> float:
    """How much stronger the noise is against the harmonics than in recordings, in dB.

    The median over the notes that have a sustain; 0 if none has.

    Args:
        network: Of timbre; it is given the pitch and loudness of each recording.
        cache: Features with their audio.
        recordings: Some of the cache.
    """
    found = []
    for recording in recordings:
        frames, midi = cache.frames(recording), int(cache.midi[recording])
        f0_hz, rate = cache.f0_hz[frames], cache.sample_rate
        segments = cache.segments(recording)
        with torch.random.fork_rng():
            torch.manual_seed(recording)
            audio = render(
                network,
                torch.from_numpy(f0_hz[None]).float(),
                torch.from_numpy(cache.loudness_db[frames][None]).float(),
            )[0].numpy()
        sides = cache.audio[cache.samples(recording)], audio
        tones = [
            measure_tone(side, rate, f0_hz, midi, segments.onset, segments.release)
            for side in sides
        ]
        if tones[0] is not None and tones[1] is not None:
            found.append(tones[0].harmonic_to_noise_db - tones[1].harmonic_to_noise_db)
    return float(np.median(found)) if found else 0.0


@torch.no_grad()
def calibrate_noise(
    network: TimbreDecoder, cache: FeatureCache, rooms: Sequence[str] = ()
) -> float:
    """Make the noise of a network as strong as it is in the notes that it was fitted to.

    Between the harmonics of a note that was recorded in a room, notes before it still ring: only
    what has no room tells.

    Args:
        network: Changed in place: every band by the same.
        cache: Features with their audio.
        rooms: The sources that were recorded in a room.

    Returns:
        By how many dB the noise was raised.
    """
    dry = np.flatnonzero(cache.fitted & ~np.isin(cache.source, rooms)).tolist()
    if not dry:
        return 0.0
    some = evenly(dry, NOTES)
    raised_db = 0.0
    for _ in range(ROUNDS):
        gain_db = -noise_excess_db(network, cache, some)
        # Far below its ceiling, DDSP's nonlinearity is 2 · 10 ** x.
        network.noise_head.bias.add_(gain_db / 20.0)
        raised_db += gain_db
    return raised_db
