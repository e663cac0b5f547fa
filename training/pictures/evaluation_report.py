"""The report of an evaluation: a page of metrics and pictures, and the metrics as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from instrument.files import replacing
from instrument.listening.descriptors import LABELS
from instrument.model.graphs import load_instrument
from instrument.model.spec import InstrumentSpec
from training.data.features import FeatureCache
from training.evaluation.evaluate import Evaluation, Progress, evaluate
from training.evaluation.examples import Sound
from training.evaluation.held import DESCRIPTORS, autocorrelations
from training.evaluation.leakage import POSITIONS
from training.evaluation.phrases import Lines
from training.evaluation.playback import RATE, PlaybackSettings
from training.evaluation.reconstruction import example_windows
from training.evaluation.rooms import Rooms
from training.export.alarms import exported_alarms, few_notes
from training.export.card import metric_tables
from training.export.metrics import describe_metrics
from training.fitting.loop import FIRST_WAS_BEST, first_was_best, read_history
from training.networks.envelope import ConditionalVAE, PlainVAE
from training.output import check_own, new_folders, write_json
from training.pictures import latent_plots, playing_plots, plots, sound_plots
from training.pictures.phrase_tables import apart_table
from training.pictures.phrases_report import check_phrases, write_phrases

REPORT_FILE, TITLE = "report.md", "# Evaluation of "


def _draw_notes(
    found: Evaluation, cache: FeatureCache, spec: InstrumentSpec, folder: Path
) -> dict[str, str]:
    """Draw held-out notes and what is played of them; file name → what it shows."""
    shown: dict[str, str] = {}
    windows = example_windows(found.test, cache)
    if windows:
        rows = list(windows)
        plots.reconstructions(
            found.test.source[rows],
            found.test.estimate[rows],
            found.test.mask[rows],
            list(windows.values()),
            folder / "reconstructions",
        )
        shown["reconstructions.png"] = (
            "Held-out notes against their reconstruction by the envelope graph. The grey line ends "
            "where a note does; from 2.6 s on is the release."
        )
    for name, example in found.examples.items():
        file = f"sounds-{name}.png"
        title = f"MIDI {example.midi}, {example.level_db:.0f} dB(A)"
        sound_plots.sounds(example.sounds, example.cents, folder / f"sounds-{name}", title)
        shown[file] = "A held-out note, its resynthesis, and the note as the instrument plays it."
    playing_plots.playing(
        [note.key for note in found.pitch.notes],
        [note.velocity for note in found.pitch.notes],
        [track.cents for track in found.pitch.tracks],
        found.settings.sweep_velocities,
        found.levels_db,
        folder / "playing",
    )
    shown["playing.png"] = (
        "Every key: error of the steady part's pitch, median and middle 90 % of its frames; and "
        "loudness by velocity, a line a key."
    )
    if found.notes is not None:
        playing_plots.descriptors(
            {
                "recorded, held out": found.notes.recorded,
                "generated": found.notes.generated,
                "recorded, others": found.notes.others,
            },
            list(LABELS),
            folder / "descriptors",
        )
        shown["descriptors.png"] = (
            "Held-out notes, notes played like them (same keys, as loud and as long), and other "
            "recordings: how each descriptor is distributed."
        )
    latent_plots.latent_map(spec.map, folder / "map")
    shown["map.png"] = "The training notes on the first two axes of the latent space."
    return shown


def _draw_playing(found: Evaluation, folder: Path) -> dict[str, str]:
    """Draw timbre, held notes, joins and knobs; file name → what it shows."""
    timbre = found.timbre
    playing_plots.timbre(timbre.attack_db, timbre.sustain_db, timbre.measured(), folder / "timbre")
    compared = len(timbre.attack_db["resynthesis"])
    beside = timbre.without_soundfont or (
        f"{found.settings.soundfont.name} has {len(timbre.attack_db['soundfont'])} of the keys"
    )
    held = found.held
    first_take = held.played[: len(held.played) // found.settings.takes]
    sides = {"generated": first_take} | ({"recorded": held.recorded} if held.recorded else {})
    correlations = {side: autocorrelations(notes) for side, notes in sides.items()}
    playing_plots.held(DESCRIPTORS, correlations, sides, folder / "held")
    line = Sound("the first legato line", found.joins.audio, RATE)
    playing_plots.joins(line, found.joins.measured(), folder / "joins")
    leakage = found.leakage
    playing_plots.leakage(
        leakage.knobs, leakage.cents, leakage.level_db, POSITIONS, folder / "knobs"
    )
    return {
        "timbre.png": f"{compared} held-out notes: log-spectral distance of what is equally "
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


def _draw_losses(
    histories: Mapping[str, Sequence[Mapping[str, float]]], folder: Path
) -> dict[str, str]:
    """Draw the losses of trainings; file name → what it shows."""
    shown = {}
    for name, history in histories.items():
        file = f"losses-{name}.png"
        plots.losses(history, folder / f"losses-{name}")
        shown[file] = f"Losses of the training of {name}."
    return shown


def write_report(
    found: Evaluation,
    cache: FeatureCache,
    spec: InstrumentSpec,
    histories: Mapping[str, Path],
    folder: Path,
) -> None:
    """Write ``evaluation.json``, ``report.md`` and its pictures.

    Args:
        found: What was measured.
        cache: Features that it was measured on.
        spec: Of the instrument.
        histories: Name → ``history.json`` of a training run, for the curves of its losses.
        folder: It is there.

    Raises:
        OutputError: Nothing can be written in the folder.
    """
    shown = _draw_notes(found, cache, spec, folder)
    logged = {name: read_history(path) for name, path in histories.items()}
    shown |= _draw_losses(logged, folder) | _draw_playing(found, folder)
    metrics = describe_metrics(found.metrics)
    write_json(
        {
            "model": {"name": spec.name, "digest": spec.digest},
            "metrics": [asdict(metric) for metric in metrics],
        },
        folder / "evaluation.json",
    )
    pictures = [f"![{file}]({file})\n\n{text}" for file, text in shown.items()]
    title = f"{TITLE}{spec.name} {spec.digest}"
    phrases = [f"## Phrases\n\n{apart_table(found.lines)}"] if found.lines else []
    said = [few_notes(len(cache.name)), *exported_alarms(replace(spec, metrics=metrics))]
    said += [f"{name}: {FIRST_WAS_BEST}" for name, one in logged.items() if first_was_best(one)]
    listed = "\n".join(f"- {text}" for text in said if text)
    alarms = [f"## Alarms\n\n{listed}"] if listed else []
    parts = [title, *alarms, "## Metrics", metric_tables(metrics), *phrases]
    parts += ["## Pictures", *pictures]
    with replacing(folder / REPORT_FILE) as beside:
        beside.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def evaluation_report(
    cache: FeatureCache,
    instrument_folder: Path,
    network: ConditionalVAE | PlainVAE,
    folder: Path,
    *,
    settings: PlaybackSettings | None = None,
    histories: Mapping[str, Path] | None = None,
    progress: Progress = lambda _done, _of: None,
    lines: Lines | None = None,
    rooms: Rooms | None = None,
) -> dict[str, float]:
    """Evaluate an exported instrument and report what was found.

    Args:
        cache: Features, some of them held out.
        instrument_folder: The exported instrument.
        network: The envelope network that it was exported from, for its encoder.
        folder: For ``evaluation.json``, ``report.md`` and its pictures; made if need be.
        settings: What the instrument is asked to play.
        histories: Name → ``history.json`` of a training run, for the curves of its losses.
        progress: Called with how many steps are done, of how many.
        lines: What the instrument's lines are compared with, if anything.
        rooms: See ``evaluate``.

    Returns:
        The metrics by name; ``training.export.metrics`` says what each means.

    Raises:
        UsageError: No notes are held out, the graph isn't this network's, or a history is damaged.
        InstrumentError: There is no such instrument.
        OutputError: Nothing can be written in the folder.
    """
    instrument = load_instrument(instrument_folder)
    cache.check_audio()
    check_own(folder / REPORT_FILE, TITLE, "report")
    if lines:
        check_phrases(folder)
    for path in (histories or {}).values():
        read_history(path)  # what is damaged is told before hours of playing
    with new_folders(folder):
        found = evaluate(
            cache,
            instrument,
            network,
            settings=settings,
            progress=progress,
            lines=lines,
            rooms=rooms,
        )
        write_report(found, cache, instrument.spec, histories or {}, folder)
        if lines:
            write_phrases(instrument, lines, found.lines, folder)
    return found.metrics
