"""Playback: the shipped instrument plays notes, and their audio is measured as recordings are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack

import numpy as np
from scipy.stats import spearmanr

from instrument import Note, Player
from instrument.arrays import Float32, Float64
from instrument.listening.loudness import loudness_db
from instrument.listening.pitch import REFINING_HARMONICS, lower_octave, refine_f0
from instrument.midi.score import Score
from instrument.model.dynamics import Dynamics
from instrument.model.graphs import Instrument
from instrument.render import RenderSettings, render_score
from instrument.settings import Chosen
from instrument.units import FRAME_RATE, hz_to_midi, midi_to_hz
from training.analysis.crepe import estimate_f0
from training.data.features import FeatureCache

RATE = 48_000
CREPE_FRAME_RATE = 100  # refinement goes on from there to 250 frames a second
VOICED = 0.3  # CREPE's periodicity


PLAIN = Chosen(sample_rate=RATE, room_gain=0.0)
"""What is measured is the instrument without a room."""


@dataclass(frozen=True)
class PlaybackSettings:
    """What the instrument is asked to play.

    Attributes:
        keys, velocities: Every key at every velocity, for the pitch.
        sweep_keys, sweep_velocities: For the loudness.
        note_seconds: Length of each of these notes.
        steady_seconds: From here to its end a note is measured.
        gap_seconds: Of silence after each.
        compared: At most so many recorded notes are played again for comparison.
        draws: How often each of them, with another seed; and each note of which the brightness is
            measured.
        timbre_notes: At most so many held-out notes are compared in timbre.
        soundfont: What plays them for comparison.
        takes: How often held notes and legato lines are played, with another seed every time: of
            one take alone, their metrics err by a fifth.
        held: At most so many long bows are played again, for ``held_seconds``.
        held_seconds: Length of these notes.
        line_keys: From each of them a legato line goes to every interval and back.
        intervals: In semitones.
        knob_keys: Notes that are played with every knob turned.
    """

    keys: Sequence[int] = range(55, 97)
    velocities: Sequence[int] = (40, 80, 112)
    sweep_keys: Sequence[int] = (57, 64, 69, 76, 81, 88)
    sweep_velocities: Sequence[int] = (10, 23, 36, 49, 62, 75, 88, 101, 114, 127)
    note_seconds: float = 1.2
    steady_seconds: float = 0.3
    gap_seconds: float = 0.6
    compared: int = 80
    draws: int = 4
    timbre_notes: int = 100
    soundfont: Path = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
    takes: int = 8
    held: int = 24
    held_seconds: float = 20.0
    line_keys: Sequence[int] = (69, 76)
    intervals: Sequence[int] = range(1, 13)
    knob_keys: Sequence[int] = (60, 74, 88)

    def within(self, low: int, high: int) -> PlaybackSettings:
        """The same for an instrument of another range: keys that lie outside are spread over it.

        Args:
            low: The lowest MIDI note.
            high: The highest one. A line goes up from its key.
        """

        def spread(keys: Sequence[int], top: int) -> Sequence[int]:
            if all(low <= key <= top for key in keys):
                return keys
            places = np.linspace(low, top, min(len(keys), 1 + top - low) + 1)
            return sorted({round(float(place)) for place in (places[1:] + places[:-1]) / 2.0})

        return replace(
            self,
            keys=spread(self.keys, high),
            sweep_keys=spread(self.sweep_keys, high),
            line_keys=spread(self.line_keys, max(low, high - max(self.intervals))),
            knob_keys=spread(self.knob_keys, high),
        )


QUICK = PlaybackSettings(
    keys=range(57, 93, 12),
    velocities=(80,),
    sweep_keys=(69,),
    sweep_velocities=(20, 70, 120),
    compared=4,
    draws=1,
    timbre_notes=4,
    takes=1,
    held_seconds=12.0,
    held=1,
    line_keys=(69,),
    intervals=(2, 7),
    knob_keys=(69,),
)
"""A few notes of everything, to see that it works."""

# --- Playing --------------------------------------------------------------------------------------


def play(instrument: Instrument, notes: Sequence[Note], **chosen: Unpack[Chosen]) -> Float32:
    """Mono audio of notes, one channel of the stereo; other settings are ``PLAIN``."""
    left: Float32 = Player(instrument).render(notes, **(PLAIN | chosen))[0]
    return left


def play_score(instrument: Instrument, score: Score, **chosen: Unpack[Chosen]) -> Float32:
    """Mono audio of a score, one channel of the stereo; other settings are ``PLAIN``."""
    blocks: list[Float32] = []
    settings = RenderSettings().chosen(**(PLAIN | chosen))
    render_score(instrument, score, settings, lambda block: blocks.append(block[0].copy()))
    return np.concatenate(blocks)


def separate_notes(notes: Sequence[tuple[int, int, float]], gap_seconds: float) -> list[Note]:
    """Notes (key, velocity, seconds), one after the other with a gap between them."""
    placed, now = [], 0.1
    for key, velocity, seconds in notes:
        placed.append(Note(now, seconds, key, velocity))
        now += seconds + gap_seconds
    return placed


def stretch(audio: Float32, sample_rate: int, begin: float, end: float) -> Float32:
    """Audio [samples] from one second to another, as far as it goes."""
    return audio[max(0, round(begin * sample_rate)) : round(end * sample_rate)]


# --- Pitch ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PitchTrack:
    """Pitch of a stretch of audio, cents from a MIDI note.

    Attributes:
        crepe_cents: [100 frames a second], by CREPE alone.
        cents: [250 frames a second], refined.
        unvoiced: Share of frames in which CREPE hears no pitch.
    """

    crepe_cents: Float64
    cents: Float64
    unvoiced: float


def track_pitch(audio: Float32, sample_rate: int, midi: int) -> PitchTrack:
    """Measure the pitch of one note.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz.
        midi: What it should be; it decides only where CREPE hears an octave too high.
    """
    crepe_hz, periodicity = estimate_f0(audio, sample_rate, CREPE_FRAME_RATE, midi)
    crepe_hz = lower_octave(audio, sample_rate, crepe_hz, CREPE_FRAME_RATE, midi)
    crepe_midi = np.asarray(hz_to_midi(crepe_hz.astype(np.float64)), np.float64)
    at = np.arange(1 + len(audio) * FRAME_RATE // sample_rate) * (CREPE_FRAME_RATE / FRAME_RATE)
    between = np.asarray(midi_to_hz(np.interp(at, np.arange(len(crepe_hz)), crepe_midi)))
    refined = refine_f0(audio, sample_rate, between.astype(np.float32), FRAME_RATE)
    return PitchTrack(
        crepe_cents=100.0 * (crepe_midi - midi),
        cents=100.0 * (np.asarray(hz_to_midi(refined), np.float64) - midi),
        unvoiced=float(np.mean(periodicity < VOICED)),
    )


def follow_pitch(audio: Float32, sample_rate: int, midi: float) -> Float64:
    """Measure the pitch of a note that is known to sound within a quarter-tone of a pitch.

    It needs no tracker, and makes none of its errors of an octave. ``track_pitch`` finds out where
    a note sounds.

    Args:
        audio: [samples], mono.
        sample_rate: In Hz.
        midi: Where it sounds.

    Returns:
        [250 frames a second], cents from there.
    """
    frames = 1 + len(audio) * FRAME_RATE // sample_rate
    steady_hz = np.full(frames, midi_to_hz(midi), np.float32)
    # From frame to frame, a harmonic that is further off turns too far.
    turning_hz = FRAME_RATE / 4.0
    sure = int(turning_hz / (midi_to_hz(midi) * (2.0 ** (0.5 / 12.0) - 1.0)))
    few = int(np.clip(sure, 1, REFINING_HARMONICS))
    near_hz = refine_f0(audio, sample_rate, steady_hz, FRAME_RATE, harmonics=few)
    refined = refine_f0(audio, sample_rate, near_hz.astype(np.float32), FRAME_RATE)
    cents: Float64 = 100.0 * (np.asarray(hz_to_midi(refined), np.float64) - midi)
    return cents


@dataclass(frozen=True)
class PlayedPitch:
    """Errors in cents of played notes: the frames of each, refined and by CREPE alone."""

    notes: list[Note]
    tracks: list[PitchTrack]

    def metrics(self) -> dict[str, float]:
        """Medians and 95th percentiles, of frames and of notes."""
        frames = np.abs(np.concatenate([track.cents for track in self.tracks]))
        crepe = np.abs(np.concatenate([track.crepe_cents for track in self.tracks]))
        notes = np.abs([np.median(track.cents) for track in self.tracks])
        return {
            "played_cents": float(np.median(frames)),
            "played_cents_p95": float(np.percentile(frames, 95)),
            "played_crepe_cents": float(np.median(crepe)),
            "played_note_cents": float(np.median(notes)),
            "played_note_cents_p95": float(np.percentile(notes, 95)),
            "played_unvoiced": float(np.mean([track.unvoiced for track in self.tracks])),
        }


def _steady_parts(
    instrument: Instrument, wanted: Sequence[tuple[int, int]], settings: PlaybackSettings
) -> list[tuple[Note, Float32]]:
    """Keys at velocities, played one by one: each note and the audio of its steady part."""
    notes = separate_notes(
        [(key, velocity, settings.note_seconds) for key, velocity in wanted], settings.gap_seconds
    )
    audio = play(instrument, notes)
    return [
        (note, stretch(audio, RATE, note.start + settings.steady_seconds, note.end))
        for note in notes
    ]


def played_pitch(
    instrument: Instrument, settings: PlaybackSettings, step: Callable[[], None]
) -> PlayedPitch:
    """The pitch of every key at some velocities, in the steady part of the notes."""
    wanted = [(key, velocity) for velocity in settings.velocities for key in settings.keys]
    parts = _steady_parts(instrument, wanted, settings)
    tracks = []
    for note, steady in parts:
        step()
        tracks.append(track_pitch(steady, RATE, note.key))
    return PlayedPitch([note for note, _ in parts], tracks)


# --- Loudness -------------------------------------------------------------------------------------


def played_loudness(instrument: Instrument, settings: PlaybackSettings) -> Float64:
    """Loudness in dB(A) of keys at rising velocities, [keys, velocities]."""
    wanted = [
        (key, velocity) for key in settings.sweep_keys for velocity in settings.sweep_velocities
    ]
    levels = [
        float(np.median(loudness_db(steady, RATE, FRAME_RATE, midi_to_hz(note.key))))
        for note, steady in _steady_parts(instrument, wanted, settings)
    ]
    return np.array(levels).reshape(len(settings.sweep_keys), len(settings.sweep_velocities))


def velocity_metrics(levels_db: Float64, velocities: Sequence[int]) -> dict[str, float]:
    """Rank correlation of velocity and loudness, and the range between the extreme velocities.

    Args:
        levels_db: [keys, velocities], not all alike.
        velocities: Rising.
    """
    ranks = [float(spearmanr(velocities, row).statistic) for row in levels_db if np.ptp(row) > 0.0]
    return {
        "velocity_rank": float(np.mean(ranks)) if ranks else 0.0,
        "velocity_range_db": float(np.median(levels_db[:, -1] - levels_db[:, 0])),
    }


# --- Notes of recordings ------------------------------------------------------------------------


def as_note(cache: FeatureCache, recording: int) -> tuple[int, int, float]:
    """Key, velocity and seconds at which the instrument should play what a recording holds."""
    velocity = Dynamics(np.sort(cache.level_db[~cache.held_out])).velocity(
        float(cache.level_db[recording])
    )
    length = int(cache.release[recording] - cache.onset[recording]) / FRAME_RATE
    return int(cache.midi[recording]), velocity, length
