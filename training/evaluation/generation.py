"""Generated notes beside recorded ones: descriptors, and whether a classifier tells them apart.

The instrument plays what the recordings hold, the same keys as loud and as long, through the whole
engine; its audio is analysed as the recordings were.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import ks_2samp

from instrument.arrays import Float64
from instrument.errors import RecordingError
from instrument.listening.descriptors import LABELS, describe
from instrument.listening.frames import RELEASE_FRAME
from instrument.listening.note import note_windows
from instrument.listening.windows import Window
from instrument.model.graphs import Instrument
from training.data.features import FeatureCache
from training.data.notes import PrepareSettings, analyse
from training.evaluation.playback import (
    RATE,
    as_note,
    play,
    separate_notes,
    stretch,
)
from training.evaluation.two_sample import two_sample_accuracy

SHORTEST_FRAMES = 125  # 0.5 s: in less there is no vibrato to speak of
VIBRATO_CENTS = 5.0  # a smaller amplitude isn't heard as vibrato
LEAD_SECONDS, TAIL_SECONDS = 0.15, 0.75
GAP_SECONDS = 1.0
EVERYTHING = "recorded"  # the preset of all training notes

Table = Float64
"""[notes, descriptors], in the order of ``descriptors.LABELS``."""


@dataclass(frozen=True)
class NoteComparison:
    """Recorded and generated notes by their descriptors.

    Attributes:
        recorded: Of the held-out recordings.
        generated: Of notes played like them, several draws of each.
        others: Of as many other recordings: what real differs from real by.
        recording, generated_recording, others_recording: The recording that each row belongs to.
    """

    recorded: Table
    generated: Table
    others: Table
    recording: Sequence[int]
    generated_recording: Sequence[int]
    others_recording: Sequence[int]

    def metrics(self) -> dict[str, float]:
        """Distributions side by side, and balanced accuracies of the two-sample tests.

        Returns:
            ``recorded_`` and ``generated_``: the share of notes whose vibrato has an amplitude over
            5 cents, median amplitude, rate and onset of those, medians of the other descriptors.
            ``distance_``: Kolmogorov and Smirnov's distance of each descriptor, 0 to 1.
            ``told_apart_linear``, ``told_apart_boosted``: generated from recorded by logistic
            regression and by gradient boosting; ``real_apart_…``: other recordings from these.
        """
        metrics = gestures("recorded", self.recorded) | gestures("generated", self.generated)
        for name, real, made in zip(LABELS, self.recorded.T, self.generated.T, strict=True):
            metrics[f"distance_{name}"] = float(ks_2samp(real, made).statistic)
        for prefix, table, groups in (
            ("told_apart", self.generated, self.generated_recording),
            ("real_apart", self.others, self.others_recording),
        ):
            found = two_sample_accuracy(self.recorded, table, self.recording, groups)
            metrics |= {f"{prefix}_{name}": accuracy for name, accuracy in found.items()}
        return metrics


def _described(window: Window) -> list[float]:
    measured = np.flatnonzero(window.mask[:RELEASE_FRAME])
    end = int(measured[-1]) + 1
    found = describe(window.cents.astype(np.float64), window.loudness_db.astype(np.float64), end)
    return [found[name] for name in LABELS]


def recorded_table(cache: FeatureCache, recordings: Sequence[int]) -> Table:
    """Descriptors of recordings."""
    rows = []
    for recording in recordings:
        first = int(np.flatnonzero(cache.window_recording == recording)[0])
        rows.append(
            _described(
                Window(cache.window_cents[first], cache.window_db[first], cache.window_mask[first])
            )
        )
    return np.array(rows).reshape(-1, len(LABELS))


def generated_table(
    cache: FeatureCache,
    instrument: Instrument,
    recordings: Sequence[int],
    seeds: Sequence[int],
    step: Callable[[], None] = lambda: None,
) -> tuple[Table, list[int]]:
    """Descriptors of notes that the instrument plays as recordings were, once with each seed.

    Returns:
        The descriptors, and the recording of each row. A note in which nothing was found that
        sounds like its key is left out.
    """
    presets = [preset.name for preset in instrument.spec.presets]
    preset = EVERYTHING if EVERYTHING in presets else None
    rows, played = [], []
    for seed in seeds:
        notes = separate_notes([as_note(cache, r) for r in recordings], GAP_SECONDS)
        audio = play(instrument, notes, seed=seed, preset=preset)
        for recording, note in zip(recordings, notes, strict=True):
            step()
            heard = stretch(audio, RATE, note.start - LEAD_SECONDS, note.end + TAIL_SECONDS)
            try:
                found = analyse(heard, note.key, PrepareSettings(sample_rate=RATE))
            except RecordingError:
                continue
            rows.append(_described(note_windows(found, note.key)[0]))
            played.append(recording)
    return np.array(rows).reshape(-1, len(LABELS)), played


def comparable_recordings(cache: FeatureCache, recordings: Sequence[int]) -> list[int]:
    """Those of some recordings that sustain for at least half a second."""
    long = cache.release - cache.onset >= SHORTEST_FRAMES
    return [r for r in recordings if long[r]]


def compare(
    cache: FeatureCache,
    instrument: Instrument,
    recordings: Sequence[int],
    draws: int,
    step: Callable[[], None] = lambda: None,
) -> NoteComparison:
    """Recordings beside notes that the instrument plays like them, and beside other recordings.

    Args:
        cache: Features.
        instrument: What plays.
        recordings: At least two, which the instrument hasn't learned from.
        draws: How often each is played, with another seed every time.
        step: Called after every note.
    """
    generated, played = generated_table(cache, instrument, recordings, range(draws), step)
    others = comparable_recordings(cache, np.flatnonzero(cache.fitted).tolist())
    chosen = np.random.default_rng(0).permutation(others)[: draws * len(recordings)].tolist()
    return NoteComparison(
        recorded_table(cache, recordings),
        generated,
        recorded_table(cache, chosen),
        recordings,
        played,
        chosen,
    )


def gestures(side: str, table: Table) -> dict[str, float]:
    """Medians of the descriptors of one side's notes; of the vibrato, where there is any."""
    columns = dict(zip(LABELS, table.T, strict=True))
    vibrato = columns["vibrato_cents"] > VIBRATO_CENTS
    metrics = {f"{side}_vibrato_share": float(vibrato.mean()) if len(vibrato) else 0.0}
    for name, column in columns.items():
        shown = column[vibrato] if name.startswith("vibrato") else column
        if len(shown):
            metrics[f"{side}_{name}"] = float(np.median(shown))
    return metrics
