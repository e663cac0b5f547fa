"""The attack of a new bow, against the note that it leads into: how noisy it is, and how bright.

Both are measured at the new note's pitch: harmonics by demodulation, and the noise half-way between
them, wherever no harmonic of the note before, still ringing in the room, is near. What is compared
lies within one note, so that neither microphones nor levels count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from instrument.arrays import Bool, Float32, Float64
from instrument.listening.demodulation import demodulate
from instrument.units import FRAME_RATE, midi_to_hz
from training.analysis.lines import DIP_SECONDS, Contour, LineJoin, Stretch, joined

PERIODS, SHORTEST_WINDOW_SECONDS = 8.0, 0.024
CLEAR = 2.2
"""A Hann window keeps out what lies so many times its inverse length away."""

NOISE_HZ = 2_000.0, 10_000.0
BRIGHTEST_HZ = 10_000.0
SHALLOWEST_DB = 2.5
ATTACK_FRAMES = 7
"""The attack is the first 28 ms behind the bottom of the dip."""

SUSTAIN_FRAMES = 20, 75
"""The note's sustain: from 80 to 300 ms behind it, as far as it lasts."""

BLURRED_FRAMES, ENDING_FRAMES, FEWEST_FRAMES = 12, 6, 10


@dataclass(frozen=True)
class BowAttack:
    """The attack of a new bow.

    Attributes:
        join: That it is in.
        noise_db: How much louder its noise is than that of the note's sustain.
        brightness: How much brighter its harmonics are, in octaves of their centroid.
        chance_db, chance_octaves: The same of a stretch as long in the sustain itself: what such
            measurements differ by anyway.
    """

    join: LineJoin
    noise_db: float
    brightness: float
    chance_db: float
    chance_octaves: float


def bow_attacks(audio: Float32, sample_rate: int, contour: Contour) -> Iterator[BowAttack]:
    """The attacks at a line's changes of the bow whose notes are long enough to measure.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz, a multiple of 250.
        contour: Of it, 250 frames a second.
    """
    for before, after, join in joined(contour):
        if join.dip_db >= SHALLOWEST_DB:
            attack = _attack(audio, sample_rate, contour, before, after, join)
            if attack is not None:
                yield attack


def _attack(
    audio: Float32,
    sample_rate: int,
    contour: Contour,
    before: Stretch,
    after: Stretch,
    join: LineJoin,
) -> BowAttack | None:
    reach = round(DIP_SECONDS * contour.frame_rate)
    first = max(before.begin, join.frame - reach)
    level = contour.level_db[first : min(after.end, join.frame + reach + 1)]
    bottom = first + int(np.argmin(level))
    begin, end = SUSTAIN_FRAMES
    end = min(end, after.end - bottom - ENDING_FRAMES)
    if end - begin < FEWEST_FRAMES:
        return None
    noise, centroid = attack_profile(audio, sample_rate, contour, (before, after), bottom, end)
    if not np.isfinite(noise).all():
        return None
    of_noise, of_centroid = np.median(noise[begin:]), np.median(centroid[begin:])
    attack, chance = slice(0, ATTACK_FRAMES), slice(-ATTACK_FRAMES, None)
    return BowAttack(
        join,
        noise_db=float(_mean_db(noise[attack]) - of_noise),
        brightness=float(np.median(centroid[attack]) - of_centroid),
        chance_db=float(_mean_db(noise[chance]) - of_noise),
        chance_octaves=float(np.median(centroid[chance]) - of_centroid),
    )


def attack_profile(
    audio: Float32,
    sample_rate: int,
    contour: Contour,
    notes: tuple[Stretch, Stretch],
    bottom: int,
    frames: int,
) -> tuple[Float64, Float64]:
    """Noise and brightness of a note from the bottom of the dip before it on.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz.
        contour: Of it.
        notes: The one before it, and itself.
        bottom: Frame.
        frames: How many, T.

    Returns:
        Noise from 2 to 10 kHz in dB, NaN where the note before leaves no room for it, and the
        centroid of the harmonics in octaves above the fundamental, each [T].
    """
    before, after = notes
    pitch_hz, old_hz = (float(midi_to_hz(note.midi)) for note in (after, before))
    seconds = max(SHORTEST_WINDOW_SECONDS, PERIODS / pitch_hz)
    hop, margin = sample_rate // FRAME_RATE, int(seconds * FRAME_RATE) + 1
    first = max(bottom - margin, 0)
    at = np.arange(first, bottom + frames + margin)
    # A tracker blurs the pitch of an attack: until that is over, it is where it will be.
    sure, last = max(after.begin, bottom + BLURRED_FRAMES), min(after.end, len(contour.midi)) - 1
    held = (at >= sure) & (at <= last)
    midi = np.where(held, contour.midi[np.clip(at, 0, last)], after.midi)
    f0_hz = np.asarray(midi_to_hz(midi), np.float64)
    numbers = np.arange(1.0, max(2, int(BRIGHTEST_HZ / pitch_hz)) + 1.0)
    sound = audio[first * hop : (int(at[-1]) + 1) * hop]
    sines, gaps = (
        np.abs(demodulate(sound, sample_rate, f0_hz, FRAME_RATE, len(numbers), seconds, order)) ** 2
        for order in (1.0, 0.5)
    )
    sines, gaps = (each[bottom - first :][:frames] for each in (sines, gaps))

    def clear(orders: Float64) -> Bool:
        """Away from the harmonics of the note before."""
        hz = orders * pitch_hz
        away_hz = np.abs(hz - old_hz * np.maximum(np.round(hz / old_hz), 1.0))
        return np.asarray(away_hz > CLEAR / seconds)

    between, (low, high) = numbers - 0.5, np.array(NOISE_HZ) / pitch_hz
    heard = (between >= low) & (between < high) & clear(between)
    noise = gaps[:, heard].mean(axis=1) if heard.any() else np.full(frames, np.nan)
    # There is noise at the harmonics, too.
    beside = np.minimum(gaps, np.concatenate([gaps[:, 1:], gaps[:, -1:]], axis=1))
    amplitude = np.sqrt(np.maximum(sines - beside, 0.0)) * clear(numbers)
    centroid = amplitude @ numbers / np.maximum(amplitude.sum(axis=1), 1e-12)
    return 10.0 * np.log10(np.maximum(noise, 1e-20)), np.log2(np.maximum(centroid, 1.0))


def _mean_db(db: Float64) -> float:
    return float(10.0 * np.log10(np.mean(10.0 ** (db / 10.0))))
