"""Legato joins: steps of pitch and level, and clicks, where one note of a line becomes the next."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter1d
from scipy.signal import stft

from instrument import Note
from instrument.arrays import Float32, Float64
from instrument.listening.loudness import loudness_db
from instrument.midi.controllers import MONO_ON
from instrument.midi.events import ControlChange, TimedEvent
from instrument.midi.score import score_of_notes
from instrument.model.graphs import Instrument
from instrument.units import FRAME_RATE, midi_to_hz
from training.evaluation.playback import RATE, PlaybackSettings, play, play_score, separate_notes

NOTE_SECONDS = 0.6
OVERLAP_SECONDS = 0.04
AROUND_SECONDS = 0.03
GLIDE_SECONDS = 0.08  # a join is over by then; a portamento isn't
SETTLED_SECONDS = 0.15
FLUX_SIZE, FLUX_HOP = 256, 64
FLUX_BINS = 7  # of 187 Hz: what a glide moves from window to window
CLICK_HZ = 10_000.0  # above, a bowed note is soft, and a click is not
SAME_PERIOD = 0.9  # of the best match
VELOCITIES = (80, 50, 110)


@dataclass(frozen=True)
class Join:
    """One join, as it was measured in the audio.

    Attributes:
        key: Of the note that is left.
        semitones: To the next.
        louder: Velocity of the next, less that of the one that is left.
        seconds: When, in the audio.
        step_cents: Largest change of pitch from one frame of 4 ms to the next.
        step_db: Largest change of loudness from one frame to the next.
        flux_ratio: Largest spectral flux above 10 kHz within 30 ms, against the largest in the
            sustained parts of both notes.
        attack_ratio: The same against the median of what attacks of like notes have.
    """

    key: int
    semitones: int
    louder: int
    seconds: float
    step_cents: float
    step_db: float
    flux_ratio: float
    attack_ratio: float


@dataclass(frozen=True)
class Joins:
    """All joins, and one line for a picture.

    Attributes:
        takes: Of each take those of all its lines.
        audio: [samples], the first line.
    """

    takes: Sequence[Sequence[Join]]
    audio: Float32

    @property
    def joins(self) -> list[Join]:
        """Those of all takes."""
        return [join for take in self.takes for join in take]

    def metrics(self) -> dict[str, float]:
        """The largest of every kind in a take, median over the takes.

        Returns:
            ``join_step_cents``, ``join_step_db``, ``join_flux_ratio`` and ``join_attack_ratio``.
        """
        columns = ("step_cents", "step_db", "flux_ratio", "attack_ratio")
        return {
            f"join_{name}": float(
                np.median([max(getattr(join, name) for join in take) for take in self.takes])
            )
            for name in columns
        }

    def measured(self) -> Float64:
        """Of each join [joins, 5]: interval, step in cents, in dB, flux ratio, whether louder."""
        return np.array(
            [
                (join.semitones, join.step_cents, join.step_db, join.flux_ratio, join.louder > 0)
                for join in self.joins
            ]
        )


def spectral_flux(audio: Float32, sample_rate: int) -> tuple[Float64, Float64]:
    """Growth of the spectrum above 10 kHz, where a click stands out.

    The sum, over the bins above 10 kHz, of how much each magnitude grows from one window of 5 ms
    to the next, 1.3 ms later, over what the bins beside it had before: a partial that glides is no
    growth (SuperFlux, Böck & Widmer 2013).

    Args:
        audio: [samples].
        sample_rate: In Hz.

    Returns:
        Seconds [windows] and flux [windows].
    """
    frequency, seconds, spectrum = stft(
        audio, sample_rate, nperseg=FLUX_SIZE, noverlap=FLUX_SIZE - FLUX_HOP
    )
    magnitude = np.abs(spectrum[frequency >= CLICK_HZ])
    before = maximum_filter1d(magnitude, FLUX_BINS, axis=0)
    growth = np.maximum(magnitude[:, 1:] - before[:, :-1], 0.0).sum(axis=0)
    return np.asarray(seconds[1:], np.float64), np.asarray(growth, np.float64)


def periods_hz(audio: Float32, sample_rate: int, low_hz: float, high_hz: float) -> Float64:
    """Pitch at each frame through a window of three periods, for what moves fast.

    The normalised difference of the audio and itself a period later (McLeod & Wyvill 2005): the
    shortest period that matches nearly as well as the best one.

    Args:
        audio: [samples].
        sample_rate: In Hz.
        low_hz: No period is longer.
        high_hz: None is shorter.

    Returns:
        [frames], in Hz.
    """
    shortest, longest = int(sample_rate / high_hz), int(np.ceil(sample_rate / low_hz)) + 1
    size, hop = 2 * longest, sample_rate // FRAME_RATE
    padded = np.pad(np.asarray(audio, np.float64), (size + longest, size + longest))
    track = np.zeros(1 + len(audio) // hop)
    lags = np.arange(shortest - 1, longest + 2)
    for frame in range(len(track)):
        # Both parts lie evenly about the frame's middle.
        middle = frame * hop + size + longest
        before = np.array([padded[middle - (size + lag) // 2 :][:size] for lag in lags])
        after = np.array([padded[middle - (size + lag) // 2 + lag :][:size] for lag in lags])
        power = np.sum(before**2 + after**2, axis=1)
        match = 2.0 * np.sum(before * after, axis=1) / np.maximum(power, 1e-12)
        inside = match[1:-1]
        peaks = np.flatnonzero(
            (inside >= match[:-2]) & (inside > match[2:]) & (inside >= SAME_PERIOD * inside.max())
        )
        best = 1 + int(peaks[0] if len(peaks) else np.argmax(inside))
        left, centre, right = match[best - 1 : best + 2]
        bend = left - 2.0 * centre + right
        offset = 0.5 * (left - right) / bend if bend < 0.0 else 0.0
        track[frame] = sample_rate / (lags[best] + np.clip(offset, -0.5, 0.5))
    return track


def _between(values: Float64, seconds: Float64, begin: float, end: float) -> Float64:
    inside: Float64 = values[(seconds >= begin) & (seconds <= end)]
    return inside


def measure_join(
    audio: Float32,
    sample_rate: int,
    before: Note,
    after: Note,
    attack_flux: float,
) -> Join:
    """Measure one join in audio [samples] of a line.

    Args:
        audio: [samples].
        sample_rate: In Hz.
        before: The note that is left.
        after: The one that follows; it begins at the join.
        attack_flux: Spectral flux of an attack.
    """
    at, hop = after.start, sample_rate // FRAME_RATE
    first = round((at - AROUND_SECONDS) * FRAME_RATE)
    last = round((at + GLIDE_SECONDS) * FRAME_RATE)
    around = audio[(first - 5) * hop : (last + 5) * hop]
    low, high = sorted((before.key, after.key))
    track = periods_hz(around, sample_rate, float(midi_to_hz(low - 1)), float(midi_to_hz(high + 1)))
    cents = 1200.0 * np.log2(track)[5:-5]
    level = loudness_db(around, sample_rate, FRAME_RATE)[5:-5]

    begin = before.start + SETTLED_SECONDS
    line = audio[round(begin * sample_rate) : round(after.end * sample_rate)]
    seconds, flux = spectral_flux(line, sample_rate)
    seconds = seconds + begin
    join = _between(flux, seconds, at - AROUND_SECONDS, at + AROUND_SECONDS).max()
    sustained = np.concatenate(
        [
            _between(flux, seconds, begin + 0.01, at - AROUND_SECONDS),
            _between(flux, seconds, at + SETTLED_SECONDS, after.end - 0.01),
        ]
    ).max()
    return Join(
        key=before.key,
        semitones=after.key - before.key,
        louder=after.velocity - before.velocity,
        seconds=at,
        step_cents=float(np.abs(np.diff(cents)).max()),
        step_db=float(np.abs(np.diff(level)).max()),
        flux_ratio=float(join / max(sustained, 1e-12)),
        attack_ratio=float(join / max(attack_flux, 1e-12)),
    )


def legato_line(keys: Sequence[int]) -> list[Note]:
    """Notes that overlap, at changing velocities."""
    notes = separate_notes(
        [(key, VELOCITIES[i % len(VELOCITIES)], NOTE_SECONDS) for i, key in enumerate(keys)], 0.0
    )
    return [dataclasses.replace(n, duration=n.duration + OVERLAP_SECONDS) for n in notes]


def _attack_flux(instrument: Instrument, key: int, seed: int) -> float:
    """Median of the largest spectral flux in attacks of a key at the line's velocities."""
    notes = separate_notes([(key, velocity, NOTE_SECONDS) for velocity in VELOCITIES], NOTE_SECONDS)
    seconds, flux = spectral_flux(play(instrument, notes, seed=seed), RATE)
    return float(
        np.median(
            [
                _between(flux, seconds, note.start, note.start + SETTLED_SECONDS).max()
                for note in notes
            ]
        )
    )


def play_joins(
    instrument: Instrument, settings: PlaybackSettings, step: Callable[[], None]
) -> Joins:
    """Play legato lines from some keys to every interval above and below, and measure the joins.

    Args:
        instrument: What plays.
        settings: Keys and intervals.
        step: Called after each line of each take.
    """
    lines = [
        [_play_line(instrument, key, settings.intervals, take, step) for key in settings.line_keys]
        for take in range(settings.takes)
    ]
    takes = [[join for joins, _ in played for join in joins] for played in lines]
    return Joins(takes, lines[0][0][1])


def _play_line(
    instrument: Instrument,
    key: int,
    intervals: Sequence[int],
    seed: int,
    step: Callable[[], None],
) -> tuple[list[Join], Float32]:
    """The joins of one line, and its audio [samples]."""
    step()
    notes = legato_line([key, *(k for interval in intervals for k in (key + interval, key))])
    score = score_of_notes(notes)
    mono = TimedEvent(0.0, ControlChange(0, MONO_ON, 0))
    slurred = dataclasses.replace(score, events=(mono, *score.events))
    audio = play_score(instrument, slurred, seed=seed)
    attack = _attack_flux(instrument, key, seed)
    return [
        measure_join(audio, RATE, before, after, attack)
        for before, after in itertools.pairwise(notes)
    ], audio
