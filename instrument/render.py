"""The offline driver: a score in, blocks of samples or sound files out, as fast as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Unpack

from instrument.arrays import Float32
from instrument.audio.files import WAV_BYTES, ending, sound_file, subtype
from instrument.dsp.block import compile_kernels
from instrument.engine.engine import Engine
from instrument.engine.pipeline import BLOCKS_AHEAD, Pipeline, cores
from instrument.engine.stems import Whole, channels, needs_all, stem
from instrument.errors import UsageError
from instrument.files import check_apart, check_writable, new_folder
from instrument.midi.breath import check_breath
from instrument.midi.layouts import layout_of
from instrument.midi.ornaments import played_as_marked
from instrument.midi.outside import in_range
from instrument.midi.phrasing import phrase
from instrument.midi.score import Score
from instrument.midi.switches import switched
from instrument.model.graphs import Instrument
from instrument.report import RenderReport
from instrument.settings import TAIL, Chosen, EngineSettings, Mode, Outside
from instrument.units import gain_to_db

BLOCK, TAIL_BLOCK = 48_000, 4096
"""Samples that are played at once, and after the last event: no run of a graph goes beyond them."""
LONGEST_TAIL_SECONDS = 10.0
SILENCE = 1e-4  # −80 dBFS
OFFLINE = EngineSettings(voices=64)


@dataclass(frozen=True)
class RenderSettings:
    """How a score is rendered.

    Attributes:
        engine: Settings of the engine that plays it.
        tail_seconds: What follows the song's end, 0…3600; None is from the last note's end until it
            is silent, at most 10 s.
        samples: Where a take ends; from the score and its tail if None.
        frames_at_once: See `Engine`; a take has the one at a time that it was played with.
        outside: What to do with notes outside the instrument's range, see ``in_range``; if None,
            those more than an octave below it are left out, unless all are. A take's are played.
        begins: Samples at the beginning that are played, but not heard: a take that was begun while
            it was played needs what was before.

    Raises:
        UsageError: A tail that isn't from 0 to 3600 s.
    """

    engine: EngineSettings = OFFLINE
    tail_seconds: float | None = None
    samples: int | None = None
    frames_at_once: int = 128
    outside: Outside | None = None
    begins: int = 0

    def __post_init__(self) -> None:
        if self.tail_seconds is not None:
            TAIL.check("tail_seconds", self.tail_seconds)

    @classmethod
    def of(cls, score: Score) -> RenderSettings:
        """The settings with which a take sounds as it was played; the usual ones for any other."""
        take = score.take
        if take is None:
            return cls()
        return cls(take.engine, samples=take.samples, begins=take.begins, frames_at_once=1)

    def chosen(
        self,
        tail_seconds: float | None = None,
        outside: Outside | None = None,
        **chosen: Unpack[Chosen],
    ) -> RenderSettings:
        """These settings with others for the engine, the tail and notes outside the range.

        A take's length counts its own samples up to its own end, so that another rate or tail ends
        it as any other score.
        """
        engine = replace(self.engine, **chosen)
        own_end = tail_seconds is None and engine.sample_rate == self.engine.sample_rate
        return replace(
            self,
            engine=engine,
            tail_seconds=tail_seconds,
            samples=self.samples if own_end else None,
            begins=self.begins * engine.sample_rate // self.engine.sample_rate,
            outside=outside,
        )


@dataclass(frozen=True)
class Length:
    """How long a score lasts, in samples.

    Attributes:
        last: The last of its events that count.
        end: Where what is held is let go.
        most: Where rendering ends.
        exact: Whether it ends there, or before if it is silent.
    """

    last: int
    end: int
    most: int
    exact: bool

    @classmethod
    def of(cls, score: Score, settings: RenderSettings) -> Length:
        """The length of a score that is rendered with some settings.

        A given tail follows the song's end (see ``Ending``), to the sample; with a tail of 0 s it
        can be looped. If none is given, what can be heard follows the last note's end. A take lasts
        as long as it did.

        Raises:
            UsageError: A take has no samples, or says that there are more than its file lasts, or
                far fewer: another program has added to it.
        """
        rate, ending = settings.engine.sample_rate, score.ending
        longest_tail = round(LONGEST_TAIL_SECONDS * rate)
        last, song = round(ending.last_seconds * rate), round(ending.song_seconds * rate)
        if settings.samples is not None:
            least = round(score.events[-1].seconds * rate) - longest_tail
            most = round(score.duration_seconds * rate) + longest_tail
            if not max(1, least) <= settings.samples <= most:
                raise UsageError(
                    f"the take says that it lasts {settings.samples / rate:g} s, but its events "
                    f"{score.duration_seconds:g} s; choose a tail, like --tail 0"
                )
            return cls(settings.samples, settings.samples, settings.samples, exact=True)
        if settings.tail_seconds is not None:
            return cls(last, song, song + round(settings.tail_seconds * rate), exact=True)
        end = max(last + 1, song) if ending.held else last + 1
        return cls(last, end, end + longest_tail, exact=False)


def render_score(
    instrument: Instrument,
    score: Score,
    settings: RenderSettings,
    write: Callable[[Float32], None],
    progress: Callable[[float], None] = lambda _seconds: None,
    channel: int | None = None,
    compiling: Callable[[float], None] = lambda _share: None,
    whole: Whole | None = None,
    jobs: int | None = None,
    watch: Callable[[Engine], Callable[[], None]] | None = None,
) -> RenderReport:
    """Render a score.

    A note's envelope and noise come from the seed, its channel and its number in it. So channels
    add up to the whole, up to rounding, without a room and while the limiter has nothing to do.

    Args:
        instrument: What plays.
        score: What it plays.
        settings: How.
        write: Takes the blocks, [2, samples] each, in another thread.
        progress: Called with the seconds rendered so far.
        channel: Only this channel, counted from 0.
        compiling: Called with the share of the kernels that is compiled, 0…1, if any have to be.
        whole: Written without a ``channel``, and then used with one: where too few voices were
            there for the whole, the channel has none either, and it is as long.
        jobs: See `Pipeline`; as many as there are processors by default.
        watch: Given the engine at first; what it returns is called behind a block, of one job.

    Raises:
        UnknownName: A preset or knob that the instrument doesn't have.
        UsageError: An axis that has no knob, or all notes would be left out.
    """
    spec, how, at_once = instrument.spec, settings.engine, settings.frames_at_once
    rate, layout, (low, high) = how.sample_rate, layout_of(how.controls), spec.pitch_range
    joins = layout.joins_by_velocity(how.velocity_joins)
    marked = switched(score, layout, velocity_joins=joins)
    played = in_range(marked, low, high, settings.outside, layout.keys)
    phrased = phrase(played.score, how.joins, how.seed, velocity_joins=joins)
    written_out = played_as_marked(phrased, how.seed, one_bow=how.mode == Mode.VIOLIN)
    compile_seconds = compile_kernels(compiling)
    began, whole = time.perf_counter(), whole or Whole()
    told = whole.thefts.append if channel is None else lambda _theft: None
    engine = Engine(
        instrument, how, ahead=BLOCKS_AHEAD * BLOCK, frames_at_once=at_once, on_theft=told
    )
    engine.hear_only(channel)
    length = Length.of(score, settings)
    if whole.samples:
        length = replace(length, most=whole.samples, exact=True)

    alone = None if needs_all(score, how, whole) else channel
    parts = stem(written_out, alone, whole, how.controls)
    timed = ((round(seconds * rate), event) for seconds, event in parts)
    engine.follow(takewhile(lambda each: each[0] <= length.last, timed))
    computed = watch(engine) if watch is not None else lambda: None

    def told_of(sample: int) -> None:
        computed()
        progress(sample / rate)

    jobs = 1 if watch is not None else jobs or cores()
    with Pipeline(engine, write, settings.begins, jobs) as blocks:
        blocks.render(min(length.last + 1, length.most), BLOCK, told_of)
        if engine.held:  # the song ends before its last notes do
            blocks.render(min(length.end, length.most), BLOCK, told_of)
            engine.release_all()
        if length.exact:
            blocks.render(length.most, TAIL_BLOCK, told_of)
        while blocks.planned < length.most:
            blocks.render(min(blocks.planned + TAIL_BLOCK, length.most), TAIL_BLOCK, told_of)
            if engine.silent and blocks.last_peak() < SILENCE:
                break
        blocks.last_peak()
    whole.samples = engine.position
    taken = time.perf_counter() - began
    seconds = max(engine.position - settings.begins, 0) / rate
    return RenderReport(
        seconds=seconds,
        render_seconds=taken,
        compile_seconds=compile_seconds,
        realtime_factor=seconds / taken,
        notes=engine.notes,
        mended=score.mended,
        outside=played.outside,
        skipped=played.skipped,
        without_voice=engine.without_voice,
        voices_max=engine.most_voices,
        peak_dbfs=float(gain_to_db(blocks.peak)),
        sample_rate=rate,
        model={"name": spec.name, "digest": spec.digest},
    )


# --- Into files ----------------------------------------------------------------------------------


def check_output(
    output: Path,
    bits: int,
    score: Score,
    settings: RenderSettings,
    stems: Path | None = None,
    song: Path | None = None,
) -> None:
    """Find out before anything is loaded whether a score can be rendered into a file.

    Args:
        output: The .wav or .flac file.
        bits: A sample.
        score: What is to be rendered.
        settings: How.
        stems: Folder of a file for each channel.
        song: The file that the score was read from.

    Raises:
        UsageError: Arco doesn't write such files, or they can't hold it, or no note would be heard.
        OutputError: Nothing can be written there, or the song itself would be overwritten.
    """
    check_breath(score, layout_of(settings.engine.controls))
    subtype(output, bits, settings.engine.sample_rate)
    _check_size(output, bits, score, settings)
    check_writable(output)
    outputs = [output]
    if stems is not None:
        outputs += [stem_path(stems, output, channel) for channel in channels(score)]
    for path in outputs:
        if song is not None:
            check_apart(path, song)


def render_files(
    instrument: Instrument,
    score: Score,
    settings: RenderSettings,
    output: Path,
    bits: int = 24,
    stems: Path | None = None,
    progress: Callable[[float], None] = lambda _share: None,
    compiling: Callable[[float], None] = lambda _share: None,
    jobs: int | None = None,
) -> RenderReport:
    """Render a score into one file, and each of its channels into one more if there are stems.

    All files are opened before the first note and get their names after the last one.

    Args:
        instrument: What plays.
        score: What it plays.
        settings: How.
        output: The .wav or .flac file of the mix.
        bits: A sample: 16, 24 or, in a .wav, 32 of floating point.
        stems: Folder of a file for each channel; it is made if it is missing.
        progress: Called with the share that is done, 0…1.
        compiling: Called with the share of the kernels that is compiled, 0…1, if any have to be.
        jobs: As of ``render_score``.

    Raises:
        UsageError: What ``check_output`` and ``render_score`` refuse.
        OutputError: A file can't be written.
    """
    subtype(output, bits, settings.engine.sample_rate)
    _check_size(output, bits, score, settings)
    length, rate = Length.of(score, settings), settings.engine.sample_rate
    seconds = (length.most if length.exact else length.end) / rate
    passes = 1 + (len(channels(score)) if stems is not None else 0)

    def after(done: int) -> Callable[[float], None]:
        whole = max(seconds * passes, 1e-9)
        return lambda rendered: progress((done * seconds + min(rendered, seconds)) / whole)

    with ExitStack() as files:

        def opened(path: Path) -> Callable[[Float32], None]:
            return files.enter_context(sound_file(path, rate, bits))

        mix, parts = opened(output), {}
        if stems is not None:
            files.enter_context(new_folder(stems))
            parts = {
                channel: opened(stem_path(stems, output, channel)) for channel in channels(score)
            }
        whole, what = Whole(), (instrument, score, settings)
        report = render_score(*what, mix, after(0), None, compiling, whole, jobs)
        for done, (channel, write) in enumerate(parts.items(), 1):
            render_score(*what, write, after(done), channel, compiling, whole, jobs)
    progress(1.0)
    return report


def stem_path(folder: Path, mix: Path, channel: int) -> Path:
    """The file of a channel, counted from 0, beside those of the others."""
    return folder / f"{mix.stem}-channel-{channel + 1:02d}{mix.suffix or '.wav'}"


def _check_size(path: Path, bits: int, score: Score, settings: RenderSettings) -> None:
    samples = Length.of(score, settings).most - settings.begins
    if ending(path) == ".wav" and samples * bits / 4 > WAV_BYTES:
        hours = samples / settings.engine.sample_rate / 3600
        raise UsageError(
            f"{path}: {hours:.1f} hours are more than a .wav file can hold; "
            "choose .flac, or fewer bits"
        )
