"""Evaluation: figures and pictures of an exported instrument on notes that were held out.

What is shipped is what is measured: the ONNX graphs, and the audio of the whole instrument. Only
the encoder, which isn't exported, comes from the trained network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from instrument.arrays import Float64
from instrument.files import replacing
from instrument.model.graphs import Instrument, load_instrument
from training.data.descriptors import LABELS
from training.data.features import FeatureCache, evenly
from training.evaluation.generation import Comparison, comparable_recordings, compare
from training.evaluation.held import DESCRIPTORS, autocorrelations, hold_notes, long_bows
from training.evaluation.joins import play_joins
from training.evaluation.leakage import POSITIONS, turn_knobs
from training.evaluation.playback import (
    RATE,
    ListeningSettings,
    PlayedPitch,
    as_note,
    as_score,
    play,
    played_loudness,
    played_pitch,
    separate_notes,
    track_pitch,
    velocity_figures,
)
from training.evaluation.reconstruction import (
    Reconstructions,
    check_latent,
    envelope_figures,
    example_windows,
    reconstruct,
)
from training.evaluation.resynthesis import resynthesise, timbre_figures
from training.evaluation.timbre import measure_tones
from training.export.card import metric_tables
from training.export.metrics import describe_metrics
from training.fitting.loop import read_history
from training.networks.envelope import ConditionalVAE, PlainVAE
from training.output import write_json
from training.pictures import plots

Progress = Callable[[int, int], None]


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
    held_out = np.flatnonzero(cache.held_out).tolist()
    found = np.array(comparable_recordings(cache, held_out) or held_out, dtype=np.int64)
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
    comparison: Comparison | None,
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
    if comparison is not None:
        plots.descriptors(
            {
                "recorded, held out": comparison.recorded,
                "generated": comparison.generated,
                "recorded, others": comparison.others,
            },
            list(LABELS),
            report / "descriptors.png",
        )
        shown["descriptors.png"] = (
            "Held-out notes, notes played like them (same keys, as loud and as long), and other "
            "recordings: how each descriptor is distributed."
        )
    plots.latent_map(instrument.spec.map, report / "map.png")
    shown["map.png"] = "The training notes on the first two axes of the latent space."
    for name, path in histories.items():
        file = f"losses-{name}.png"
        plots.losses(read_history(path), report / file)
        shown[file] = f"Losses of the training of {name}."
    return shown


def _tone(
    cache: FeatureCache,
    instrument: Instrument,
    recordings: list[int],
    settings: ListeningSettings,
    report: Path,
    step: Callable[[], None],
) -> tuple[dict[str, float], dict[str, str]]:
    """Timbre, held notes, joins and knobs: figures, and pictures with what each shows."""
    tones = measure_tones(cache, instrument, recordings, settings, step)
    plots.tones(tones.attack_db, tones.sustain_db, tones.measured(), report / "tones.png")
    sampled = len(tones.attack_db["soundfont"])
    beside = tones.without_soundfont or f"{settings.soundfont.name} has {sampled} of the keys"
    held = hold_notes(cache, instrument, settings, step)
    sides = {"generated": held.played} | ({"recorded": held.recorded} if held.recorded else {})
    correlations = {side: autocorrelations(notes) for side, notes in sides.items()}
    plots.held(DESCRIPTORS, correlations, sides, report / "held.png")
    lines = play_joins(instrument, settings, step)
    line = plots.Sound("the first legato line", lines.audio, RATE)
    plots.joins(line, lines.measured(), report / "joins.png")
    leakage = turn_knobs(instrument, settings, step)
    plots.leakage(leakage.knobs, leakage.cents, leakage.level_db, POSITIONS, report / "knobs.png")
    shown = {
        "tones.png": f"{len(recordings)} held-out notes: log-spectral distance of what is equally "
        "loud, in tune with them and begins with them; brightness and noise of the sustain. "
        f"Soundfont: {beside}.",
        "held.png": "Held notes beside long bows: autocorrelation of the slow part of pitch, of "
        "the vibrato's extent and of loudness; a loop would be a peak behind the dotted line. "
        "Below, one note of each.",
        "joins.png": "Legato joins: steps of pitch and loudness from frame to frame, and spectral "
        "flux, where a click would stand out.",
        "knobs.png": "Every knob at 0, ½ and 1, on some keys: what it moves of the steady part's "
        "median pitch and loudness.",
    }
    return tones.figures() | held.figures() | lines.figures() | leakage.figures(), shown


def _write_page(
    instrument: Instrument, figures: Mapping[str, float], shown: Mapping[str, str], path: Path
) -> None:
    title = f"{instrument.spec.name} {instrument.spec.digest}"
    tables = metric_tables(describe_metrics(figures))
    pictures = "\n\n".join(f"![{file}]({file})\n\n{text}" for file, text in shown.items())
    with replacing(path) as beside:
        beside.write_text(
            f"# Evaluation of {title}\n\n{tables}\n\n{pictures}\n",
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
        The figures by name; ``training.export.metrics`` says what each means.

    Raises:
        UsageError: No notes are held out, or the graph isn't this network's.
        InstrumentError: There is no such instrument.
    """
    settings = settings or ListeningSettings()
    instrument = load_instrument(instrument_folder)
    report.mkdir(parents=True, exist_ok=True)
    check_latent(network, instrument.spec)
    train, test = (
        reconstruct(cache, instrument.envelope.decode, network, recordings)
        for recordings in (cache.fitted, cache.held_out)
    )
    held_out = np.flatnonzero(cache.held_out).tolist()
    some = evenly(np.flatnonzero(cache.fitted).tolist(), len(held_out))
    some_held_out = evenly(comparable_recordings(cache, held_out), settings.compared)
    compared = settings.draws * len(some_held_out)
    played_notes = len(settings.keys) * len(settings.velocities)
    toned = evenly(held_out, settings.toned)
    held = len(long_bows(cache, settings.held)) or min(len(settings.sweep_keys), settings.held)
    closer = len(toned) + held + len(settings.line_keys) + len(instrument.spec.axes)
    step = _Steps(progress, len(held_out) + len(some) + compared + played_notes + closer)

    figures = envelope_figures(train, test, components or instrument.spec.envelope_size.latent)
    figures |= timbre_figures(cache, instrument, held_out, step)
    trained = timbre_figures(cache, instrument, some, step)
    figures |= {f"train_{name}": value for name, value in trained.items()}
    played = played_pitch(instrument, settings, step)
    figures |= played.figures()
    levels_db = played_loudness(instrument, settings)
    figures |= velocity_figures(levels_db, settings.sweep_velocities)
    comparison = None
    if len(some_held_out) > 1:
        comparison = compare(cache, instrument, some_held_out, settings.draws, step)
        figures |= comparison.figures()
    more, closely = _tone(cache, instrument, toned, settings, report, step)
    figures |= more
    figures = {name: value for name, value in figures.items() if math.isfinite(value)}

    shown = _pictures(
        cache, instrument, test, played, levels_db, comparison, settings, histories or {}, report
    )
    shown |= closely
    model = {"name": instrument.spec.name, "digest": instrument.spec.digest}
    write_json({"model": model, "figures": figures}, report / "evaluation.json")
    _write_page(instrument, figures, shown, report / "report.md")
    return figures
