"""One item, played: its sound block by block, and the truth of it."""

from __future__ import annotations

import io
from collections.abc import Callable

from instrument.annotation import Annotated, render_annotated
from instrument.arrays import Float32
from instrument.corpus.items import Item
from instrument.corpus.scores import ScoreFile
from instrument.corpus.variation import Variant
from instrument.errors import InstrumentError
from instrument.midi.file import read_song
from instrument.midi.filters import Filter
from instrument.midi.score import Score, at_tempo, score_of_song
from instrument.model.graphs import Instrument
from instrument.render import RenderSettings
from instrument.settings import Outside


def score_of(item: Item) -> Score:
    """What an item plays: its score as its variant has it.

    Raises:
        MidiFileError: In one line without its name: it can't be read, has no notes, or has changed.
        UsageError: Nothing is left of it, or it is a take and can't be played at another tempo.
    """
    return varied(read_score(item.score), item.variant)


def read_score(file: ScoreFile) -> Score:
    """A score as it is written.

    Raises:
        MidiFileError: In one line without its name: it can't be read, has no notes, or has changed.
    """
    return score_of_song(read_song(io.BytesIO(file.read())))


def varied(score: Score, variant: Variant) -> Score:
    """What a variant of a score plays.

    Raises:
        UsageError: Nothing is left of it, or it is a take and can't be played at another tempo.
    """
    velocities = tuple(min(max(at + variant.velocity, 1), 127) for at in range(1, 128))
    moved = Filter(transpose=variant.transpose, velocities=(0, *velocities))
    return at_tempo(moved.score(score), variant.tempo)


def settings_of(item: Item, score: Score) -> RenderSettings:
    """How an item is rendered."""
    variant = item.variant
    outside = None if variant.outside is None else Outside.of(variant.outside)
    return RenderSettings.of(score).chosen(
        None,
        outside,
        seed=variant.seed,
        sample_rate=item.form.sample_rate,
        preset=variant.preset,
        knobs=variant.knobs,
        joins=variant.joins,
        room_gain=variant.room,
        humanize=variant.humanize,
        mode=variant.mode,
    )


def play(
    item: Item,
    instrument: Instrument,
    write_mix: Callable[[Float32], None],
    write_stem: Callable[[int, Float32], None] | None,
) -> Annotated:
    """Render an item, in the caller's thread.

    Args:
        item: What is played.
        instrument: What plays it.
        write_mix: Takes the blocks of the mix, [2, samples] each.
        write_stem: Takes those of each channel, counted from 0; None if there are to be none.

    Raises:
        ArcoError: The score is refused, or the instrument isn't the item's.
    """
    if instrument.spec.digest != item.instrument:
        raise InstrumentError(
            f"the instrument is {instrument.spec.digest}, and the item is of {item.instrument}"
        )
    score = score_of(item)
    return render_annotated(
        instrument, score, settings_of(item, score), write_mix, write_stem, jobs=1
    )
