"""A score rendered with the truth about what is heard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from instrument.annotation.truth import FrameTruth, NoteTruth, in_order
from instrument.annotation.witness import Witness
from instrument.arrays import Float32
from instrument.engine.stems import Whole, channels
from instrument.midi.score import Score
from instrument.model.graphs import Instrument
from instrument.render import RenderSettings, render_score
from instrument.report import RenderReport


@dataclass(frozen=True)
class Annotated:
    """What was rendered.

    Attributes:
        report: Of the mix; notes that it counts as ``without_voice`` are no truth, unless they
            were heard for a moment.
        notes: By their onsets, channels and keys.
        frames: Of each channel of the score, from 0. Where a line goes on in another channel, they
            change with its note, and its sound passes from stem to stem within some 30 ms.
    """

    report: RenderReport
    notes: tuple[NoteTruth, ...]
    frames: dict[int, FrameTruth]


def render_annotated(
    instrument: Instrument,
    score: Score,
    settings: RenderSettings,
    write_mix: Callable[[Float32], None],
    write_stem: Callable[[int, Float32], None] | None = None,
    jobs: int | None = None,
) -> Annotated:
    """Render a score, and say which notes and which pitch and loudness are heard in it.

    All comes from the engine, while it plays the mix; nothing is measured. The samples are those of
    ``render_score``.

    Args:
        instrument: What plays.
        score: What it plays.
        settings: How.
        write_mix: Takes the blocks, [2, samples] each.
        write_stem: Takes those of each channel of the score, counted from 0, one channel after
            another; if it has only one, along with the mix, which is its stem.
        jobs: Of the stems behind the mix, see ``render_score``; the mix is written in one.

    Raises:
        UnknownName: A preset or knob that the instrument doesn't have.
        UsageError: An axis that has no knob, or all notes would be left out.
    """
    whole, parts = Whole(), channels(score)
    witness = Witness(instrument.spec, settings.engine.sample_rate)
    one = len(parts) == 1

    def write(block: Float32) -> None:
        write_mix(block)
        if write_stem is not None and one:
            write_stem(parts[0], block)

    report = render_score(instrument, score, settings, write, whole=whole, watch=witness.watch)
    if write_stem is not None and not one:
        for channel in parts:
            stem = partial(write_stem, channel)
            render_score(instrument, score, settings, stem, channel=channel, whole=whole, jobs=jobs)
    heard = witness.truth(settings.begins, max(whole.samples - settings.begins, 0))
    of_channels: dict[int, list[FrameTruth]] = {channel: [] for channel in parts}
    for note, frames in heard:
        of_channels[note.channel].append(frames)
    return Annotated(
        report,
        tuple(note for note, _ in heard),
        {channel: in_order(each) for channel, each in of_channels.items()},
    )
