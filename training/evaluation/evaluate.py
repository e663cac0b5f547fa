"""Evaluation of an exported instrument on notes that were held out, and on what it plays.

What is shipped is what is measured: the ONNX graphs, and the audio of the whole instrument. Only
the width of posteriors comes from the trained network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from instrument.arrays import Float64
from instrument.model.graphs import Instrument
from training.data.features import FeatureCache, evenly
from training.evaluation.comparison import LineComparison
from training.evaluation.examples import Example, examples
from training.evaluation.generation import NoteComparison, comparable_recordings, compare
from training.evaluation.held import HeldNotes, hold_notes, long_bows
from training.evaluation.joins import Joins, play_joins
from training.evaluation.leakage import Leakage, turn_knobs
from training.evaluation.phrases import Lines, compare_lines
from training.evaluation.playback import (
    PlaybackSettings,
    PlayedPitch,
    played_loudness,
    played_pitch,
    velocity_metrics,
)
from training.evaluation.reconstruction import (
    Reconstructions,
    check_latent,
    envelope_metrics,
    reconstruct,
)
from training.evaluation.resynthesis import resynthesis_metrics
from training.evaluation.rooms import Rooms
from training.evaluation.timbre import TimbreComparison, compare_timbre
from training.networks.envelope import ConditionalVAE, PlainVAE

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Evaluation:
    """All that was measured of an instrument.

    Attributes:
        metrics: Values by name; ``training.export.metrics`` says what each means.
        settings: What the instrument was asked to play.
        test: Held-out notes and their reconstruction.
        examples: Some held-out notes in sound.
        pitch: Of every key.
        levels_db: Loudness by velocity, [keys, velocities].
        notes: Generated notes beside recorded ones; None with fewer than two long held-out notes.
        timbre: Of held-out notes beside others' playing.
        held: Held notes.
        joins: Legato lines.
        leakage: What the knobs move.
        lines: Players' lines beside the instrument's; empty without any.
    """

    metrics: dict[str, float]
    settings: PlaybackSettings
    test: Reconstructions
    examples: dict[str, Example]
    pitch: PlayedPitch
    levels_db: Float64
    notes: NoteComparison | None
    timbre: TimbreComparison
    held: HeldNotes
    joins: Joins
    leakage: Leakage
    lines: Sequence[LineComparison] = ()


class Steps:
    """Counts what is done for a progress callable."""

    def __init__(self, progress: Progress, of: int) -> None:
        self.done, self.of, self.progress = 0, of, progress

    def __call__(self) -> None:
        """One more is done."""
        self.done += 1
        self.progress(min(self.done, self.of), self.of)


def evaluate(
    cache: FeatureCache,
    instrument: Instrument,
    network: ConditionalVAE | PlainVAE,
    components: int | None = None,
    *,
    settings: PlaybackSettings | None = None,
    progress: Progress = lambda _done, _of: None,
    lines: Lines | None = None,
    rooms: Rooms | None = None,
) -> Evaluation:
    """Evaluate an exported instrument.

    Args:
        cache: Features, some of them held out.
        instrument: The exported instrument.
        network: The envelope network that it was exported from, for its posteriors.
        components: Of the PCA that the network is compared with; by default as many as the
            latent space has dimensions.
        settings: What the instrument is asked to play, as far as it lies in its range.
        progress: Called with how many steps are done, of how many.
        lines: What the instrument's lines are compared with, if anything.
        rooms: That were learned beside its timbre: resyntheses are heard in them.

    Raises:
        UsageError: No notes are held out, or the graphs aren't this network's.
    """
    settings = (settings or PlaybackSettings()).within(*instrument.spec.pitch_range)
    check_latent(network, instrument.spec)
    train, test = (
        reconstruct(cache, instrument, network, recordings)
        for recordings in (cache.fitted, cache.held_out)
    )
    held_out = np.flatnonzero(cache.held_out).tolist()
    some = evenly(np.flatnonzero(cache.fitted).tolist(), len(held_out))
    long = evenly(comparable_recordings(cache, held_out), settings.compared)
    timbre_notes = evenly(held_out, settings.timbre_notes)
    held_notes = len(long_bows(cache, settings.held)) or min(
        len(settings.sweep_keys), settings.held
    )
    step = Steps(
        progress,
        len(held_out)
        + len(some)
        + len(settings.keys) * len(settings.velocities)
        + settings.draws * len(long)
        + len(timbre_notes)
        + settings.takes * (held_notes + len(settings.line_keys))
        + len(instrument.spec.axes)
        + (lines.count if lines else 0),
    )

    metrics = envelope_metrics(train, test, components or instrument.spec.envelope_size.latent)
    metrics |= resynthesis_metrics(cache, instrument, held_out, step, rooms)
    trained = resynthesis_metrics(cache, instrument, some, step, rooms)
    metrics |= {f"train_{name}": value for name, value in trained.items()}
    metrics |= rooms.metrics() if rooms else {}
    pitch = played_pitch(instrument, settings, step)
    levels_db = played_loudness(instrument, settings)
    notes = compare(cache, instrument, long, settings.draws, step) if len(long) > 1 else None
    timbre = compare_timbre(cache, instrument, timbre_notes, settings, step, rooms)
    held = hold_notes(cache, instrument, settings, step)
    joins = play_joins(instrument, settings, step)
    leakage = turn_knobs(instrument, settings, step)
    compared = compare_lines(instrument, lines, step) if lines else []
    metrics |= pitch.metrics() | velocity_metrics(levels_db, settings.sweep_velocities)
    for found in (notes, timbre, held, joins, leakage, *compared):
        metrics |= found.metrics() if found else {}
    return Evaluation(
        metrics={name: value for name, value in metrics.items() if math.isfinite(value)},
        settings=settings,
        test=test,
        examples=examples(cache, instrument),
        pitch=pitch,
        levels_db=levels_db,
        notes=notes,
        timbre=timbre,
        held=held,
        joins=joins,
        leakage=leakage,
        lines=compared,
    )
