"""Held notes: whether they repeat themselves, beside long bows of a violinist.

An envelope lasts three seconds, and a longer note goes on with further ones. A loop would return to
the same pitch, vibrato and loudness after the same time, and so be a peak of the autocorrelation.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import correlate, find_peaks

from instrument.arrays import Float32, Float64
from instrument.listening.frames import ATTACK_FRAMES, ENDING_FRAMES
from instrument.listening.loudness import loudness_db
from instrument.model.graphs import Instrument
from instrument.units import FRAME_RATE, hz_to_midi, midi_to_hz
from training.data.features import FeatureCache, evenly
from training.evaluation.playback import (
    RATE,
    PlaybackSettings,
    as_note,
    follow_pitch,
    play,
    separate_notes,
    stretch,
)

LONG_BOW_SECONDS = 8.0
SHORTEST_LAG, LONGEST_LAG = FRAME_RATE, 8 * FRAME_RATE
VIBRATO_FRAMES = 45  # one period at 5.5 Hz
DESCRIPTORS = ("pitch", "vibrato", "loudness")
NO_VARIANCE = 1e-12


def slow_curves(cents: Float64, level_db: Float64) -> Float64:
    """What changes slowly in a sustain, without its trend.

    Args:
        cents: [frames], pitch.
        level_db: [frames], loudness.

    Returns:
        [3, frames], each with mean 0: pitch averaged over a period of vibrato, extent of the
        vibrato (root mean square of what the average leaves), loudness averaged likewise. Cubic
        trends are taken out.
    """
    slow = uniform_filter1d(cents, VIBRATO_FRAMES, mode="nearest")
    fast = uniform_filter1d((cents - slow) ** 2, VIBRATO_FRAMES, mode="nearest")
    extent = np.sqrt(uniform_filter1d(np.maximum(fast, 0.0), VIBRATO_FRAMES, mode="nearest"))
    level = uniform_filter1d(level_db, VIBRATO_FRAMES, mode="nearest")
    curves = np.stack([slow, extent, level])
    at = np.linspace(-1.0, 1.0, curves.shape[1])
    trends = np.polynomial.polynomial.polyfit(at, curves.T, 3)
    flat: Float64 = curves - np.polynomial.polynomial.polyval(at, trends)
    return flat


def autocorrelation(curve: Float64) -> Float64:
    """Correlation of a curve with itself later, at lags from 0 to 8 s or half of its length.

    Pearson's, of the parts that overlap: exactly 1 at the period of a loop, whatever its length.

    Args:
        curve: [frames].

    Returns:
        [lags], by frames.
    """
    lags = np.arange(min(LONGEST_LAG, len(curve) // 2) + 1)
    flat = curve - curve.mean()
    overlap = len(curve) - lags
    products = correlate(flat, flat, method="fft")[len(curve) - 1 :][: len(lags)]
    sums, squares = (np.append(0.0, np.cumsum(values)) for values in (flat, flat**2))
    before, after = sums[overlap], sums[-1] - sums[lags]
    power = (squares[overlap] - before**2 / overlap) * (
        squares[-1] - squares[lags] - after**2 / overlap
    )
    varies = power > (NO_VARIANCE * squares[-1]) ** 2
    together = products - before * after / overlap
    found: Float64 = np.where(varies, together / np.sqrt(np.where(varies, power, 1.0)), 0.0)
    return found


def largest_repetition(correlation: Float64) -> tuple[float, float]:
    """The highest peak of an autocorrelation from one second on, and its lag in seconds.

    Args:
        correlation: [lags].

    Returns:
        Correlation and lag; 0 and 0 if there is no peak above 0.
    """
    peaks = find_peaks(correlation, height=0.0)[0]
    peaks = peaks[peaks >= SHORTEST_LAG]
    if not len(peaks):
        return 0.0, 0.0
    best = int(peaks[np.argmax(correlation[peaks])])
    return float(correlation[best]), best / FRAME_RATE


@dataclass(frozen=True)
class HeldNotes:
    """Sustains of held notes and of the bows that they are compared with.

    Attributes:
        played: Of each note its slow curves, [3, frames]; take after take of the same notes.
        recorded: Of each bow, likewise; a bow to a note of a take, or none.
    """

    played: list[Float64]
    recorded: list[Float64]

    def alike(self) -> list[Float64]:
        """Notes cut to the lengths of the bows: chance correlates more in a shorter curve."""
        pairs = zip(self.played, itertools.cycle(self.recorded), strict=False)
        return [played[:, : recorded.shape[1]] for played, recorded in pairs]

    def metrics(self) -> dict[str, float]:
        """Largest repetitions, medians over all notes; the most that they all have in common.

        Returns:
            ``generated_NAME_repetition`` and ``recorded_NAME_repetition`` of pitch, vibrato and
            loudness, over equal lengths. ``generated_common_repetition``, with
            ``..._seconds``, and ``recorded_common_repetition``: highest peak of a curve's mean
            over the notes, and its lag: a period of the engine would stand there.
        """
        sides = {"generated": self.alike(), "recorded": self.recorded} if self.recorded else {}
        metrics = {}
        for side, notes in sides.items():
            found = autocorrelations(notes)
            for row, name in enumerate(DESCRIPTORS):
                peaks = [largest_repetition(correlation[row])[0] for correlation in found]
                metrics[f"{side}_{name}_repetition"] = float(np.median(peaks))
        height, seconds = common_repetition(self.played)
        metrics["generated_common_repetition"] = height
        metrics["generated_common_repetition_seconds"] = seconds
        if self.recorded:
            metrics["recorded_common_repetition"] = common_repetition(self.recorded)[0]
        return metrics


def common_repetition(notes: Sequence[Float64]) -> tuple[float, float]:
    """The highest peak of the mean autocorrelation of any curve, and its lag in seconds.

    Args:
        notes: [3, frames] each; as far as the shortest goes.
    """
    found = autocorrelations(notes)
    lags = min(each.shape[1] for each in found)
    means = np.mean([each[:, :lags] for each in found], axis=0)
    return max(largest_repetition(mean) for mean in means)


def autocorrelations(notes: Sequence[Float64]) -> list[Float64]:
    """Of each note [3, frames] those of its curves, [3, lags]."""
    return [np.stack([autocorrelation(curve) for curve in note]) for note in notes]


def long_bows(cache: FeatureCache, most: int) -> list[int]:
    """Recordings of at least 8 s, spread evenly; training ones too, since nothing is fitted."""
    length = cache.release - cache.onset
    return evenly(np.flatnonzero(length >= LONG_BOW_SECONDS * FRAME_RATE).tolist(), most)


def hold_notes(
    cache: FeatureCache,
    instrument: Instrument,
    settings: PlaybackSettings,
    step: Callable[[], None],
) -> HeldNotes:
    """Play long notes, at the keys and levels of recorded long bows if there are any.

    Args:
        cache: Features.
        instrument: What plays.
        settings: How many notes, and how long; without long bows the keys of the sweep.
        step: Called after each note of each take.
    """
    bows = long_bows(cache, settings.held)
    wanted = [as_note(cache, bow)[:2] for bow in bows]
    wanted = wanted or [(key, 80) for key in evenly(list(settings.sweep_keys), settings.held)]
    played = []
    for take, (key, velocity) in itertools.product(range(settings.takes), wanted):
        step()
        notes = separate_notes([(key, velocity, settings.held_seconds)], 0.0)
        audio = play(instrument, notes, seed=take)
        sounding = stretch(audio, RATE, notes[0].start, notes[0].end)
        played.append(
            _sustain(
                follow_pitch(sounding, RATE, key),
                loudness_db(sounding, RATE, FRAME_RATE, midi_to_hz(key)),
            )
        )
    recorded = []
    for bow in bows:
        frames, note = cache.frames(bow), slice(int(cache.onset[bow]), int(cache.release[bow]))
        cents = 100.0 * (np.asarray(hz_to_midi(cache.f0_hz[frames])) - cache.midi[bow])
        recorded.append(_sustain(cents[note], cache.loudness_db[frames][note]))
    return HeldNotes(played, recorded)


def _sustain(cents: Float64, level_db: Float32) -> Float64:
    sustain = slice(ATTACK_FRAMES, len(cents) - ENDING_FRAMES)
    return slow_curves(cents[sustain], np.asarray(level_db, np.float64)[sustain])
