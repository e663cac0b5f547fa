"""Timbre: recordings beside their resynthesis, a soundfont, and what the instrument plays.

A sampled violin at the same notes says what a distance in dB is worth. It is given the recording's
key, length and tuning, its level and its onset: what is left is the sound.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.errors import RecordingError, UsageError
from instrument.listening.frames import ATTACK_FRAMES
from instrument.listening.loudness import loudness_db
from instrument.listening.segmentation import Segments, find_segments
from instrument.midi.events import PitchBend, TimedEvent
from instrument.midi.score import score_of_notes
from instrument.model.graphs import Instrument
from instrument.units import FRAME_RATE, midi_to_hz
from training.analysis.tone import SHORTEST_SUSTAIN_FRAMES, Tone, measure_tone
from training.data.features import FeatureCache
from training.data.labels import plain_instrument
from training.data.soundfont import BEND_PER_CENT, INSTRUMENTS, check_soundfont, render_note
from training.evaluation.playback import (
    PlaybackSettings,
    as_note,
    follow_pitch,
    play_score,
    separate_notes,
    stretch,
)
from training.evaluation.resynthesis import copy_spectra, resynthesise_recording
from training.evaluation.rooms import Rooms
from training.evaluation.timbre_distance import matched, timbre_distances_db

LEAD_SECONDS, TAIL_SECONDS = 0.05, 0.55
SOFTEST_VELOCITY = 40  # of the soundfont, which falls silent below; its level is set afterwards
SIDES = ("resynthesis", "soundfont", "generated", "spectra", "another take")


@dataclass
class TimbreComparison:
    """What was measured of every note, by side of the comparison.

    Attributes:
        attack_db, sustain_db: Side → log-spectral distance from the recording of every note that
            has one: ``resynthesis``, ``soundfont``, ``generated``; ``spectra``, the recording's
            own harmonics and noise through the synthesiser; and how far two takes of a
            resynthesis, with other noise, lie from each other: ``another take``.
        tones: Side, ``recording`` among them → recording and take → the sustain, if there is one.
        without_soundfont: Why there is no soundfont; empty if there is.
    """

    attack_db: dict[str, list[float]] = field(default_factory=lambda: {s: [] for s in SIDES})
    sustain_db: dict[str, list[float]] = field(default_factory=lambda: {s: [] for s in SIDES})
    tones: dict[str, dict[tuple[int, int], Tone]] = field(
        default_factory=lambda: {s: {} for s in ("recording", "resynthesis", "generated")}
    )
    without_soundfont: str = ""

    def compare(
        self,
        side: str,
        audio: Float32,
        target: Float32,
        sample_rate: int,
        segments: Segments,
        its_own: Segments | None,
    ) -> None:
        """Measure how far audio [samples] of a side lies from the recording.

        Args:
            side: Whose the audio is.
            audio: [samples].
            target: [samples of the recording].
            sample_rate: Of both, in Hz.
            segments: Of the recording: between onset and release the distance counts.
            its_own: Of the audio; the onsets are brought together. None if it is silent.
        """
        if its_own is None:
            return
        onset, release = segments.onset, segments.release
        moved = matched(audio, target, sample_rate, onset, release, its_own.onset - onset)
        distance = timbre_distances_db(moved, target, sample_rate)
        sustain = min(onset + ATTACK_FRAMES, release)
        self.attack_db[side].append(float(distance[onset:sustain].mean()))
        if release - sustain >= SHORTEST_SUSTAIN_FRAMES:
            self.sustain_db[side].append(float(distance[sustain:release].mean()))

    def add(self, side: str, recording: int, tone: Tone | None, take: int = 0) -> None:
        """Keep what was measured of a note's sustain, if it has one."""
        if tone is not None:
            self.tones[side][recording, take] = tone

    def measured(self) -> dict[str, Float64]:
        """Side → the sustains of its notes as numbers, [notes, 4], in the order of `Tone`."""
        return {
            side: np.array([dataclasses.astuple(tone) for tone in found.values()]).reshape(-1, 4)
            for side, found in self.tones.items()
        }

    def metrics(self) -> dict[str, float]:
        """Mean distances of each side; brightness and noise of the sustains.

        Returns:
            ``timbre_`` (resynthesis), ``soundfont_``, ``generated_``, ``spectra_`` and ``take_``:
            ``attack_db`` and ``sustain_db``. Medians of how far a resynthesis lies from its
            recording: ``timbre_centroid_octaves``, ``timbre_harmonic_db``. ``recorded_`` and
            ``generated_``: ``harmonic_db``, and ``brightness``, octaves that the centroid rises for
            each 10 dB.
        """
        metrics = {}
        names = {"resynthesis": "timbre", "another take": "take"}
        for side in SIDES:
            prefix = names.get(side, side)
            for part, found in (("attack", self.attack_db), ("sustain", self.sustain_db)):
                if found[side]:
                    metrics[f"{prefix}_{part}_db"] = float(np.mean(found[side]))
        recorded, copies = self.tones["recording"], self.tones["resynthesis"]
        pairs = [(recorded[note], copies[note]) for note in recorded if note in copies]
        if pairs:
            differences = np.array(
                [
                    (
                        copy.centroid_octaves - tone.centroid_octaves,
                        copy.harmonic_to_noise_db - tone.harmonic_to_noise_db,
                    )
                    for tone, copy in pairs
                ]
            )
            centroid, noise = np.median(np.abs(differences), axis=0)
            metrics["timbre_centroid_octaves"] = float(centroid)
            metrics["timbre_harmonic_db"] = float(noise)
        for side, prefix in (("recording", "recorded"), ("generated", "generated")):
            tones = list(self.tones[side].values())
            if tones:
                noise = np.median([tone.harmonic_to_noise_db for tone in tones])
                metrics[f"{prefix}_harmonic_db"] = float(noise)
                metrics[f"{prefix}_brightness"] = brightness(tones)
        return metrics


def brightness(tones: Sequence[Tone]) -> float:
    """Octaves that the centroid rises for each 10 dB, at the same pitch.

    Least squares on level and pitch; NaN if there are too few notes or they are all alike.
    """
    level = np.array([tone.level_db for tone in tones]) / 10.0
    pitch = np.array([tone.midi for tone in tones], np.float64)
    columns = np.stack([level, pitch, np.ones(len(tones))], axis=1)
    if np.linalg.matrix_rank(columns) < columns.shape[1]:
        return float("nan")
    centroid = np.array([tone.centroid_octaves for tone in tones])
    return float(np.linalg.lstsq(columns, centroid, rcond=None)[0][0])


# --- Notes of other players -----------------------------------------------------------------------


def _segments(audio: Float32, sample_rate: int) -> Segments | None:
    """Of the one note in audio; None if it is silent."""
    try:
        return find_segments(loudness_db(audio, sample_rate, FRAME_RATE))
    except RecordingError:
        return None


def program_of(cache: FeatureCache) -> int:
    """General MIDI's program of the instrument that the recordings are of.

    Raises:
        UsageError: General MIDI has none of that name.
    """
    name = plain_instrument(cache.settings.get("instrument", ""))
    programs = {instrument: program for program, instrument in INSTRUMENTS.items()}
    if name not in programs:
        raise UsageError(f"no General MIDI program is called {name!r}")
    return programs[name]


def _soundfont_note(
    cache: FeatureCache, recording: int, settings: PlaybackSettings, program: int
) -> Float32 | None:
    """The soundfont's note for a recording, tuned as it is; None if it has no such key."""
    key, velocity, seconds = as_note(cache, recording)
    try:
        return render_note(
            settings.soundfont,
            program=program,
            key=key,
            velocity=max(velocity, SOFTEST_VELOCITY),
            seconds=seconds,
            sample_rate=cache.sample_rate,
            bend_cents=float(cache.tuning_cents[recording]),
        )
    except UsageError:
        return None


def _generated_notes(
    cache: FeatureCache,
    instrument: Instrument,
    recordings: Sequence[int],
    gap_seconds: float,
    seed: int,
) -> list[Float32]:
    """What the instrument plays for each recording, tuned as it is."""
    notes = separate_notes([as_note(cache, r) for r in recordings], gap_seconds)
    score = score_of_notes(notes)
    bends = [
        TimedEvent(
            note.start - LEAD_SECONDS, PitchBend(0, round(cache.tuning_cents[r] * BEND_PER_CENT))
        )
        for note, r in zip(notes, recordings, strict=True)
    ]
    events = sorted([*score.events, *bends], key=lambda timed: timed.seconds)
    tuned = dataclasses.replace(score, events=tuple(events))
    audio = play_score(instrument, tuned, sample_rate=cache.sample_rate, seed=seed)
    return [
        stretch(audio, cache.sample_rate, note.start - LEAD_SECONDS, note.end + TAIL_SECONDS)
        for note in notes
    ]


def compare_timbre(
    cache: FeatureCache,
    instrument: Instrument,
    recordings: Sequence[int],
    settings: PlaybackSettings,
    step: Callable[[], None],
    rooms: Rooms | None = None,
) -> TimbreComparison:
    """Compare recordings with their resynthesis, the soundfont's note, and the generated one.

    All are brought to the recording's median loudness; soundfont and generated note to its tuning
    and onset, too. The velocity is the quantile of the recording's loudness.

    Args:
        cache: Features with their audio.
        instrument: What plays.
        recordings: Some of the cache.
        settings: Where the soundfont is.
        step: Called after each recording.
        rooms: In which the resynthesis of a source is heard.
    """
    found, program = TimbreComparison(), None
    rooms = rooms or Rooms()
    try:
        check_soundfont(settings.soundfont)
        program = program_of(cache)
    except UsageError as error:
        found.without_soundfont = str(error)
    for recording in recordings:
        step()
        frames, rate = cache.frames(recording), cache.sample_rate
        midi, f0_hz = int(cache.midi[recording]), cache.f0_hz[frames]
        target = cache.audio[cache.samples(recording)]
        segments = cache.segments(recording)
        onset, release = segments.onset, segments.release
        copy = resynthesise_recording(cache, instrument, recording, rooms)
        found.compare("resynthesis", copy, target, rate, segments, segments)
        other = resynthesise_recording(cache, instrument, recording, rooms, seed=1)
        found.compare("another take", other, copy, rate, segments, segments)
        nearest = copy_spectra(instrument, target, f0_hz, rate)
        found.compare("spectra", nearest, target, rate, segments, segments)
        found.add("recording", recording, measure_tone(target, rate, f0_hz, midi, onset, release))
        found.add("resynthesis", recording, measure_tone(copy, rate, f0_hz, midi, onset, release))
        sampled = None if program is None else _soundfont_note(cache, recording, settings, program)
        if sampled is not None:
            found.compare("soundfont", sampled, target, rate, segments, _segments(sampled, rate))
    for take in range(settings.draws):
        played = _generated_notes(cache, instrument, recordings, settings.gap_seconds, take)
        for recording, generated in zip(recordings, played, strict=True):
            its_own = _segments(generated, cache.sample_rate)
            if its_own is None:
                continue
            if take == 0:
                target = cache.audio[cache.samples(recording)]
                segments, rate = cache.segments(recording), cache.sample_rate
                found.compare("generated", generated, target, rate, segments, its_own)
            tone = _sustained_tone(cache, recording, generated, its_own)
            found.add("generated", recording, tone, take)
    return found


def _sustained_tone(
    cache: FeatureCache, recording: int, audio: Float32, segments: Segments
) -> Tone | None:
    """The tone of a note that is played as a recording is; None if it has no sustain."""
    onset, release = segments.onset, segments.release
    if release - onset < ATTACK_FRAMES + SHORTEST_SUSTAIN_FRAMES:
        return None
    midi = int(cache.midi[recording])
    tuned = midi + float(cache.tuning_cents[recording]) / 100.0
    heard = tuned + follow_pitch(audio, cache.sample_rate, tuned) / 100.0
    f0_hz = np.asarray(midi_to_hz(heard), np.float64)
    return measure_tone(audio, cache.sample_rate, f0_hz, midi, onset, release)
