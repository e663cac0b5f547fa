"""Evaluation: figures and pictures of an exported instrument on notes that were held out.

What is shipped is what is measured: the ONNX graphs, and the audio of the whole instrument. Only
the encoder, which isn't exported, comes from the trained network.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr

from instrument.errors import ArcoError, RecordingError, UsageError
from instrument.files import replacing
from instrument.midifile import Score, read_score
from instrument.models import Instrument, load_instrument
from instrument.offline import RenderSettings, render_score
from instrument.types import Float32, Float64, NoteOff, NoteOn, TimedEvent
from instrument.units import gain_to_db, hz_to_midi
from training import pitch, plots
from training.card import figure_tables
from training.descriptors import describe
from training.envelopes import quantiles
from training.features import FRAME_RATE, RELEASE_FRAME, FeatureCache
from training.losses import multi_scale_spectral_loss, spectrogram
from training.loudness import loudness_db
from training.networks.envelope import ConditionalVAE, PlainVAE
from training.reconstruction import (
    LONG_FRAMES,
    Mask,
    Reconstructions,
    envelope_figures,
    example_windows,
    reconstruct,
)
from training.score import ATTACK_SECONDS, ScoreNote, bends, lone_notes, score_notes
from training.segmentation import find_segments
from training.synth import filtered_noise, harmonic
from training.windows import ATTACK_FRAMES, cut_windows

RATE = 48_000
CREPE_FRAME_RATE = 100  # refinement goes on from there to 250 frames a second
VOICED = 0.3  # CREPE's periodicity
SPECTRAL_SIZE = 2048
SPECTRAL_FLOOR = 1e-5  # −100 dBFS
VIBRATO_CENTS = 5.0  # a smaller amplitude isn't heard as vibrato
PLAIN_LEVEL = RenderSettings(sample_rate=RATE, room_gain=0.0)

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ListeningSettings:
    """What the instrument is asked to play.

    Attributes:
        keys, velocities: Every key at every velocity, for the pitch.
        sweep_keys, sweep_velocities: For the loudness.
        note_seconds: Length of each of these notes.
        steady_seconds: From here to its end a note is measured.
        gap_seconds: Of silence after each.
        compared: At most so many recorded notes are played again for comparison.
    """

    keys: Sequence[int] = range(55, 97)
    velocities: Sequence[int] = (40, 80, 112)
    sweep_keys: Sequence[int] = (57, 64, 69, 76, 81, 88)
    sweep_velocities: Sequence[int] = (10, 23, 36, 49, 62, 75, 88, 101, 114, 127)
    note_seconds: float = 1.2
    steady_seconds: float = 0.3
    gap_seconds: float = 0.6
    compared: int = 40


QUICK = ListeningSettings(
    keys=range(57, 93, 12),
    velocities=(80,),
    sweep_keys=(69,),
    sweep_velocities=(20, 70, 120),
    compared=4,
)
"""A few notes of everything, to see that it works."""

# --- Timbre --------------------------------------------------------------------------------------


@torch.no_grad()
def resynthesise(
    instrument: Instrument, f0_hz: Float64, loudness: Float32, sample_rate: int, seed: int = 0
) -> Float32:
    """Audio [(T − 1)·hop] of the timbre graph for f0_hz and loudness in dB, [T] each."""
    hop = sample_rate // FRAME_RATE
    controls, _ = instrument.timbre.run(
        f0_hz[None].astype(np.float32),
        loudness[None].astype(np.float32),
        instrument.new_state(1),
    )
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


def timbre_figures(
    cache: FeatureCache, instrument: Instrument, recordings: Sequence[int], step: Callable[[], None]
) -> dict[str, float]:
    """Distances of recordings from their resynthesis with their own pitch and loudness.

    Returns:
        Means over the recordings: ``timbre_loss``, ``timbre_spectral_db`` and
        ``timbre_loudness_db``.
    """
    rows = []
    for recording in recordings:
        step()
        frames = cache.frames(recording)
        wanted = cache.loudness_db[frames]
        target = cache.audio[cache.samples(recording)]
        audio = resynthesise(instrument, cache.f0_hz[frames], wanted, cache.sample_rate)
        length = min(len(audio), len(target))
        if length < SPECTRAL_SIZE:
            continue
        audio, target = audio[:length], target[:length]
        loss = multi_scale_spectral_loss(
            torch.from_numpy(audio)[None], torch.from_numpy(target)[None]
        )
        sounding = slice(int(cache.onset[recording]), int(cache.end[recording]))
        got = loudness_db(audio, cache.sample_rate, FRAME_RATE)[sounding]
        error = np.abs(got - wanted[sounding][: len(got)])
        rows.append([float(loss), log_spectral_distance(audio, target), float(error.mean())])
    if not rows:
        return {}
    names = ("timbre_loss", "timbre_spectral_db", "timbre_loudness_db")
    return dict(zip(names, (float(x) for x in np.mean(rows, axis=0)), strict=True))


# --- What the instrument plays -------------------------------------------------------------------


def play(instrument: Instrument, score: Score, settings: RenderSettings = PLAIN_LEVEL) -> Float32:
    """Mono audio of a score, one channel of the stereo."""
    blocks: list[Float32] = []
    render_score(instrument, score, settings, lambda block: blocks.append(block[0].copy()))
    return np.concatenate(blocks)


def separate_notes(notes: Sequence[tuple[int, int, float]], gap_seconds: float) -> list[ScoreNote]:
    """Notes (key, velocity, seconds), one after the other with a gap between them."""
    placed, now = [], 0.1
    for key, velocity, seconds in notes:
        placed.append(ScoreNote(0, key, velocity, now, now + seconds, now + seconds))
        now += seconds + gap_seconds
    return placed


def as_score(notes: Sequence[ScoreNote]) -> Score:
    """A score of notes in the order of their onsets."""
    events = [
        TimedEvent(seconds, event)
        for note in notes
        for seconds, event in (
            (note.onset, NoteOn(note.channel, note.key, note.velocity)),
            (note.off, NoteOff(note.channel, note.key)),
        )
    ]
    events.sort(key=lambda timed: timed.seconds)
    return Score(tuple(events), events[-1].seconds if events else 0.0, len(notes))


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
    crepe_hz, periodicity = pitch.estimate_f0(audio, sample_rate, CREPE_FRAME_RATE, midi)
    crepe_hz = pitch.lower_octave(audio, sample_rate, crepe_hz, CREPE_FRAME_RATE, midi)
    crepe_midi = np.asarray(hz_to_midi(crepe_hz.astype(np.float64)), np.float64)
    at = np.arange(1 + len(audio) * FRAME_RATE // sample_rate) * (CREPE_FRAME_RATE / FRAME_RATE)
    between = 440.0 * 2.0 ** ((np.interp(at, np.arange(len(crepe_hz)), crepe_midi) - 69.0) / 12.0)
    refined = pitch.refine_f0(audio, sample_rate, between.astype(np.float32), FRAME_RATE)
    return PitchTrack(
        crepe_cents=100.0 * (crepe_midi - midi),
        cents=100.0 * (np.asarray(hz_to_midi(refined), np.float64) - midi),
        unvoiced=float(np.mean(periodicity < VOICED)),
    )


def _stretch(audio: Float32, sample_rate: int, begin: float, end: float) -> Float32:
    return audio[max(0, round(begin * sample_rate)) : round(end * sample_rate)]


@dataclass(frozen=True)
class PlayedPitch:
    """Errors in cents of played notes: the frames of each, refined and by CREPE alone."""

    notes: list[ScoreNote]
    tracks: list[PitchTrack]

    def figures(self) -> dict[str, float]:
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


def played_pitch(
    instrument: Instrument, settings: ListeningSettings, step: Callable[[], None]
) -> PlayedPitch:
    """The pitch of every key at some velocities, in the steady part of the notes."""
    wanted = [
        (key, velocity, settings.note_seconds)
        for velocity in settings.velocities
        for key in settings.keys
    ]
    notes = separate_notes(wanted, settings.gap_seconds)
    audio = play(instrument, as_score(notes))
    tracks = []
    for note in notes:
        step()
        steady = _stretch(audio, RATE, note.onset + settings.steady_seconds, note.off)
        tracks.append(track_pitch(steady, RATE, note.key))
    return PlayedPitch(notes, tracks)


def played_loudness(instrument: Instrument, settings: ListeningSettings) -> Float64:
    """Loudness in dB(A) of keys at rising velocities, [keys, velocities]."""
    wanted = [
        (key, velocity, settings.note_seconds)
        for key in settings.sweep_keys
        for velocity in settings.sweep_velocities
    ]
    notes = separate_notes(wanted, settings.gap_seconds)
    audio = play(instrument, as_score(notes))
    levels = []
    for note in notes:
        steady = _stretch(audio, RATE, note.onset + settings.steady_seconds, note.off)
        levels.append(float(np.median(loudness_db(steady, RATE, FRAME_RATE))))
    return np.array(levels).reshape(len(settings.sweep_keys), len(settings.sweep_velocities))


def velocity_figures(levels_db: Float64, velocities: Sequence[int]) -> dict[str, float]:
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


def _described(cents: Float64, level_db: Float64, mask: Mask) -> dict[str, float]:
    measured = np.flatnonzero(mask[:RELEASE_FRAME])
    return describe(cents, level_db, int(measured[-1]) + 1)


def _heard(audio: Float32, midi: int) -> dict[str, float]:
    """Descriptors of a played note, measured as those of a recording are.

    Raises:
        RecordingError: It is silent.
    """
    level = loudness_db(audio, RATE, FRAME_RATE)
    segments = find_segments(level)
    cents = track_pitch(audio, RATE, midi).cents
    sounding = slice(segments.onset, segments.release)
    window = cut_windows(
        cents - float(np.median(cents[sounding])),
        (level - np.median(level[sounding])).astype(np.float64),
        segments,
    )[0]
    return _described(
        window.cents.astype(np.float64), window.loudness_db.astype(np.float64), window.mask
    )


def comparable_recordings(cache: FeatureCache) -> list[int]:
    """Recordings whose sustain is long enough for four periods of vibrato."""
    length = cache.release - cache.onset
    return np.flatnonzero(length >= ATTACK_FRAMES + LONG_FRAMES).tolist()


def evenly(items: Sequence[int], most: int) -> list[int]:
    """At most so many items, spread evenly."""
    places = np.linspace(0, len(items) - 1, min(len(items), most)).round().astype(int)
    return [items[place] for place in places]


def as_note(cache: FeatureCache, recording: int) -> tuple[int, int, float]:
    """Key, velocity and seconds at which the instrument should play what a recording holds."""
    levels = cache.level_db[~cache.held_out]
    loudness = float(quantiles(cache.level_db[recording : recording + 1], levels)[0])
    length = int(cache.release[recording] - cache.onset[recording]) / FRAME_RATE
    return int(cache.midi[recording]), round(1 + 126 * loudness), length


def _gestures(side: str, found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Medians of the descriptors of one side's notes; of the vibrato, where there is any."""
    if not found:
        return {}
    columns = {name: np.array([note[name] for note in found]) for name in found[0]}
    vibrato = columns["vibrato_cents"] > VIBRATO_CENTS
    figures = {f"{side}_vibrato_share": float(vibrato.mean())}
    for name in ("vibrato_cents", "vibrato_hz"):
        if vibrato.any():
            figures[f"{side}_{name}"] = float(np.median(columns[name][vibrato]))
    for name in ("attack_ms", "tremor_db", "release_ms"):
        figures[f"{side}_{name}"] = float(np.median(columns[name]))
    return figures


def gesture_figures(
    cache: FeatureCache,
    instrument: Instrument,
    recordings: Sequence[int],
    settings: ListeningSettings,
    step: Callable[[], None],
) -> dict[str, float]:
    """Vibrato, attack, tremor and release of recordings, and of notes as the instrument plays them.

    It plays some of them: the same keys as loud and as long. Its audio is analysed as recordings
    are.

    Returns:
        ``recorded_`` and ``generated_``: the share of notes whose vibrato has an amplitude of
        more than 5 cents, median amplitude and rate of those, and medians of the other descriptors.
    """
    recorded = []
    for recording in recordings:
        window = int(np.flatnonzero(cache.window_recording == recording)[0])
        recorded.append(
            _described(
                cache.window_cents[window].astype(np.float64),
                cache.window_db[window].astype(np.float64),
                cache.window_mask[window],
            )
        )
    some = evenly(recordings, settings.compared)
    notes = separate_notes([as_note(cache, r) for r in some], settings.gap_seconds)
    audio = play(instrument, as_score(notes))
    generated = []
    for note in notes:
        step()
        try:
            heard = _heard(_stretch(audio, RATE, note.onset - 0.05, note.off + 0.55), note.key)
        except RecordingError:
            continue
        generated.append(heard)
    return _gestures("recorded", recorded) | _gestures("generated", generated)


# --- The report ----------------------------------------------------------------------------------


class _Steps:
    """Counts what is done for a progress callable."""

    def __init__(self, progress: Progress, of: int) -> None:
        self.done, self.of, self.progress = 0, of, progress

    def __call__(self) -> None:
        self.done += 1
        self.progress(min(self.done, self.of), self.of)


def _picture_sounds(
    cache: FeatureCache, instrument: Instrument, recording: int, path: Path
) -> None:
    """A held-out recording beside its resynthesis and beside the same note as it is played."""
    frames = cache.frames(recording)
    rate, midi = cache.sample_rate, int(cache.midi[recording])
    copy = resynthesise(instrument, cache.f0_hz[frames], cache.loudness_db[frames], rate)
    key, velocity, seconds = as_note(cache, recording)
    played = play(instrument, as_score(separate_notes([(key, velocity, seconds)], 0.0)))
    sounds = [
        plots.Sound("recording", cache.audio[cache.samples(recording)], rate),
        plots.Sound("resynthesis: its own pitch and loudness", copy, rate),
        plots.Sound("generated: same key, level and length", played, RATE),
    ]
    tracks = [track_pitch(sound.audio, sound.sample_rate, midi).cents for sound in sounds]
    plots.sounds(sounds, tracks, path, f"MIDI {midi}, {cache.level_db[recording]:.0f} dB(A)")


def _picture_recordings(cache: FeatureCache) -> dict[str, int]:
    """Held-out notes for pictures: the loudest of the low and of the high ones that are long."""
    long = [r for r in comparable_recordings(cache) if cache.held_out[r]]
    found = np.array(long or np.flatnonzero(cache.held_out).tolist(), dtype=np.int64)
    middle = np.median(cache.midi[found])
    chosen = {}
    for name, members in (
        ("low", cache.midi[found] <= middle),
        ("high", cache.midi[found] > middle),
    ):
        side = found[members]
        if len(side):
            chosen[name] = int(side[np.argmax(cache.level_db[side])])
    return chosen


def _pictures(
    cache: FeatureCache,
    instrument: Instrument,
    test: Reconstructions,
    played: PlayedPitch,
    levels_db: Float64,
    settings: ListeningSettings,
    histories: Mapping[str, Path],
    report: Path,
) -> dict[str, str]:
    """Draw all pictures; file name → what it shows."""
    shown: dict[str, str] = {}
    examples = example_windows(test, cache)
    if examples:
        rows = list(examples)
        plots.reconstructions(
            test.source[rows],
            test.estimate[rows],
            test.mask[rows],
            list(examples.values()),
            report / "reconstructions.png",
        )
        shown["reconstructions.png"] = (
            "Held-out notes against their reconstruction by the envelope graph. The grey line ends "
            "where a note does; from 2.6 s on is the release."
        )
    for name, recording in _picture_recordings(cache).items():
        file = f"sounds-{name}.png"
        _picture_sounds(cache, instrument, recording, report / file)
        shown[file] = "A held-out note, its resynthesis, and the note as the instrument plays it."
    plots.playing(
        [note.key for note in played.notes],
        [note.velocity for note in played.notes],
        [track.cents for track in played.tracks],
        settings.sweep_velocities,
        levels_db,
        report / "playing.png",
    )
    shown["playing.png"] = (
        "Every key: error of the steady part's pitch, median and middle 90 % of its frames; and "
        "loudness by velocity, a line a key."
    )
    plots.latent_map(instrument.spec.map, report / "map.png")
    shown["map.png"] = "The training notes on the first two axes of the latent space."
    for name, path in histories.items():
        file = f"losses-{name}.png"
        plots.losses(json.loads(path.read_text(encoding="utf-8")), report / file)
        shown[file] = f"Losses of the training of {name}."
    return shown


def _write_json(content: object, path: Path) -> None:
    with replacing(path) as beside:
        beside.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _write_page(
    instrument: Instrument, figures: Mapping[str, float], shown: Mapping[str, str], path: Path
) -> None:
    title = f"{instrument.spec.name} {instrument.spec.digest}"
    pictures = "\n\n".join(f"![{file}]({file})\n\n{text}" for file, text in shown.items())
    with replacing(path) as beside:
        beside.write_text(
            f"# Evaluation of {title}\n\n{figure_tables(figures)}\n\n{pictures}\n",
            encoding="utf-8",
        )


def evaluate(
    cache: FeatureCache,
    instrument_folder: Path,
    network: ConditionalVAE | PlainVAE,
    report: Path,
    components: int | None = None,
    *,
    settings: ListeningSettings | None = None,
    histories: Mapping[str, Path] | None = None,
    progress: Progress = lambda _done, _of: None,
) -> dict[str, float]:
    """Evaluate an exported instrument.

    Args:
        cache: Features, some of them held out.
        instrument_folder: The exported instrument.
        network: The envelope network that it was exported from, for its encoder.
        report: Folder for ``evaluation.json``, ``report.md`` and its pictures; made if need be.
        components: Of the PCA that the network is compared with; by default as many as the
            latent space has dimensions.
        settings: What the instrument is asked to play.
        histories: Name → ``history.json`` of a training run, for the curves of its losses.
        progress: Called with how many steps are done, of how many.

    Returns:
        The figures by name; ``training.card`` says what each means.

    Raises:
        UsageError: No notes are held out, or the graph isn't this network's.
        InstrumentError: There is no such instrument.
    """
    settings = settings or ListeningSettings()
    instrument = load_instrument(instrument_folder)
    report.mkdir(parents=True, exist_ok=True)
    if network.settings.latent != instrument.spec.envelope_size.latent:
        raise UsageError(f"{instrument_folder}: was not exported from this network")
    train, test = (
        reconstruct(cache, instrument.envelope.decode, network, held_out=side)
        for side in (False, True)
    )
    held_out = np.flatnonzero(cache.held_out).tolist()
    some = evenly(np.flatnonzero(~cache.held_out).tolist(), len(held_out))
    long = comparable_recordings(cache)
    compared = min(len(long), settings.compared)
    played_notes = len(settings.keys) * len(settings.velocities)
    step = _Steps(progress, len(held_out) + len(some) + compared + played_notes)

    figures = envelope_figures(train, test, components or instrument.spec.envelope_size.latent)
    figures |= timbre_figures(cache, instrument, held_out, step)
    trained = timbre_figures(cache, instrument, some, step)
    figures |= {f"train_{name}": value for name, value in trained.items()}
    played = played_pitch(instrument, settings, step)
    figures |= played.figures()
    levels_db = played_loudness(instrument, settings)
    figures |= velocity_figures(levels_db, settings.sweep_velocities)
    if long:
        figures |= gesture_figures(cache, instrument, long, settings, step)
    figures = {name: value for name, value in figures.items() if math.isfinite(value)}

    shown = _pictures(cache, instrument, test, played, levels_db, settings, histories or {}, report)
    model = {"name": instrument.spec.name, "digest": instrument.spec.digest}
    _write_json({"model": model, "figures": figures}, report / "evaluation.json")
    _write_page(instrument, figures, shown, report / "report.md")
    return figures


# --- Real pieces ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class PieceScore:
    """How a rendered piece follows its score.

    Attributes:
        name: Of the file.
        refused: Why it can't be read; empty if it was rendered.
        notes: That sound alone for at least 0.3 s, and so could be measured.
        seconds: Measured, of those.
        cents: Median absolute error of all frames, refined.
        crepe_cents: The same by CREPE alone.
        note_cents: Median over the notes of their median error's size.
        peak_dbfs: Of the audio.
        finite: Whether all samples are numbers.
    """

    name: str
    refused: str = ""
    notes: int = 0
    seconds: float = 0.0
    cents: float = math.nan
    crepe_cents: float = math.nan
    note_cents: float = math.nan
    peak_dbfs: float = -200.0
    finite: bool = True


@dataclass(frozen=True)
class ScoreReport:
    """All pieces, and the same errors over the frames and notes of all of them."""

    pieces: list[PieceScore]
    cents: float
    crepe_cents: float
    note_cents: float

    def figures(self) -> dict[str, float]:
        """For the model card."""
        return {
            "score_cents": self.cents,
            "score_note_cents": self.note_cents,
            "score_pieces": float(sum(piece.notes > 0 for piece in self.pieces)),
            "score_notes": float(sum(piece.notes for piece in self.pieces)),
        }


def _score_errors(
    audio: Float32, score: Score, step: Callable[[], None]
) -> tuple[list[Float64], list[Float64]]:
    """Errors in cents of each lone note of a rendered score: refined, and by CREPE alone."""
    refined: list[Float64] = []
    crepe: list[Float64] = []
    curves = {channel: bends(score.events, channel) for channel in range(16)}
    for note in lone_notes(score_notes(score.events, score.duration_seconds)):
        step()
        begin = note.onset + ATTACK_SECONDS
        track = track_pitch(_stretch(audio, RATE, begin, note.off), RATE, note.key)
        times, semitones = curves[note.channel]
        for cents, rate, errors in (
            (track.cents, FRAME_RATE, refined),
            (track.crepe_cents, CREPE_FRAME_RATE, crepe),
        ):
            at = begin + np.arange(len(cents)) / rate
            written = semitones[np.searchsorted(times, at, side="right") - 1]
            errors.append(cents - 100.0 * written)
    return refined, crepe


def _median(errors: Sequence[Float64]) -> float:
    return float(np.median(np.abs(np.concatenate(errors)))) if errors else math.nan


def _note_median(errors: Sequence[Float64]) -> float:
    return float(np.median([abs(np.median(e)) for e in errors])) if errors else math.nan


def score_report(
    instrument_folder: Path,
    paths: Sequence[Path],
    report: Path | None = None,
    progress: Progress = lambda _done, _of: None,
) -> ScoreReport:
    """Render real pieces without the room and compare the pitch of the audio with the score.

    Measured are notes of at least 0.3 s, MIDI 55 to 96, where no other sounds, from 0.1 s after the
    onset to the note-off. The score's pitch is the key with the channel's pitch bend.

    Args:
        instrument_folder: The exported instrument.
        paths: MIDI files; one that can't be read is named with the reason.
        report: A JSON file to write, if any.
        progress: Called with how many pieces are done, of how many.

    Raises:
        InstrumentError: There is no such instrument.
    """
    instrument = load_instrument(instrument_folder)
    pieces: list[PieceScore] = []
    all_refined: list[Float64] = []
    all_crepe: list[Float64] = []
    for done, path in enumerate(paths, start=1):
        try:
            score = read_score(path)
        except ArcoError as error:
            pieces.append(PieceScore(path.name, refused=str(error)))
            progress(done, len(paths))
            continue
        audio = play(instrument, score)
        refined, crepe = _score_errors(audio, score, lambda: None)
        all_refined += refined
        all_crepe += crepe
        pieces.append(
            PieceScore(
                name=path.name,
                notes=len(refined),
                seconds=sum(map(len, refined)) / FRAME_RATE,
                cents=_median(refined),
                crepe_cents=_median(crepe),
                note_cents=_note_median(refined),
                peak_dbfs=float(gain_to_db(float(np.abs(audio).max()))),
                finite=bool(np.isfinite(audio).all()),
            )
        )
        progress(done, len(paths))
    found = ScoreReport(pieces, _median(all_refined), _median(all_crepe), _note_median(all_refined))
    if report is not None:
        content = asdict(found)
        for entry in (content, *content["pieces"]):  # JSON has no NaN
            entry.update(
                {k: None for k, v in entry.items() if isinstance(v, float) and math.isnan(v)}
            )
        _write_json(content, report)
    return found
