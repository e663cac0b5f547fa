"""`arco corpus`: scores into annotated sound, and a look at whether all of it is right."""

from __future__ import annotations

import json
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from instrument.cli.options import JsonOption, check_libraries, instrument_folder
from instrument.errors import UsageError
from instrument.settings import LIMITS, POSITION, EngineSettings, Joining, Limits, Mode, Outside

if TYPE_CHECKING:
    from instrument.corpus.estimate import Estimate
    from instrument.corpus.making import Maker
    from instrument.corpus.run import Made
    from instrument.corpus.variation import Range

NEEDED = ("bokeh", "distributed", "pyarrow", "webdataset")
WORKERS = Limits(0, 1024, whole=True)
REASONS = 5


class _MakesByDefault(TyperGroup):
    """Without the name of one of its commands, scores are meant, and the first one is run."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 (click's or typer's)
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)


corpus = typer.Typer(
    cls=_MakesByDefault,
    no_args_is_help=True,
    help="Make annotated sound from scores: arco corpus SCORES... -o SET. Or check it.",
)

RANGE = "LOW..HIGH"


@corpus.command()
def make(
    scores: Annotated[
        list[Path], typer.Argument(metavar="SCORES...", help="The .mid files, and folders of them.")
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="SET", help="The folder of the corpus."),
    ],
    instrument: Annotated[
        list[str] | None,
        typer.Option(
            help="An instrument's name or folder; may be given again. By default violin.",
            show_default=False,
        ),
    ] = None,
    variants: Annotated[int, typer.Option(metavar="NUMBER", help="Of each score.")] = 1,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Of all that is drawn.")] = 0,
    transpose: Annotated[
        str, typer.Option(metavar=RANGE, help="Semitones that keys are moved by.")
    ] = "0",
    tempo: Annotated[
        str, typer.Option(metavar=RANGE, help="Times faster than the score, like 0.8..1.2.")
    ] = "1",
    velocity: Annotated[
        str, typer.Option(metavar=RANGE, help="Added to each velocity, like -20..20.")
    ] = "0",
    preset: Annotated[
        list[str] | None,
        typer.Option(
            help="How it is played at first; of several, one is drawn.", show_default=False
        ),
    ] = None,
    knob: Annotated[
        list[str] | None,
        typer.Option(
            metavar=f"NAME={RANGE}",
            help="Turn a knob, within 0..1; may be given again for others.",
            show_default=False,
        ),
    ] = None,
    joins: Annotated[
        list[Joining] | None,
        typer.Option(
            help="How notes of a line are joined; of several, one is drawn. By default auto.",
            show_default=False,
        ),
    ] = None,
    room: Annotated[
        str, typer.Option(metavar=RANGE, help="How loud the room is, within 0..1.")
    ] = f"{EngineSettings.room_gain}",
    humanize: Annotated[
        str, typer.Option(metavar=RANGE, help="How much equal notes differ, within 0..2.")
    ] = "1",
    mode: Annotated[Mode, typer.Option(help="What sounds at once in a channel.")] = Mode.POLY,
    outside: Annotated[
        Outside | None,
        typer.Option(
            help="What to do with notes outside the instrument's range. By default those more than "
            "an octave below are skipped.",
            show_default=False,
        ),
    ] = None,
    sample_rate: Annotated[
        int, typer.Option(metavar="HZ", help="Samples a second.")
    ] = EngineSettings.sample_rate,
    frame_rate: Annotated[
        float, typer.Option(metavar="HZ", help="Frames of pitch and loudness a second.")
    ] = 100.0,
    stems: Annotated[
        bool, typer.Option("--stems/--no-stems", help="Also write each channel by itself.")
    ] = True,
    split: Annotated[
        str,
        typer.Option(metavar="SHARES", help="Of the scores for training, validation and test."),
    ] = "0.8,0.1,0.1",
    shards: Annotated[
        bool, typer.Option("--shards", help="Also write WebDataset shards of each split.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            help="Processes that are started here; 0 for none but this. By default as many as "
            "there are cores.",
            show_default=False,
        ),
    ] = None,
    memory_limit: Annotated[
        str,
        typer.Option(metavar="BYTES", help="Of each of them, like 2GB; auto is its share."),
    ] = "auto",
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="A Dask scheduler, like tcp://host:8786, whose workers do it instead.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only tell how much it will be, after a few trials."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Render scores into sound with its notes, pitch and loudness. It goes on where it was."""
    check_libraries("corpora need", NEEDED, "corpus")
    from instrument import terminal as ui
    from instrument.corpus.items import Form, Plan, read_shares
    from instrument.corpus.run import make_alone, make_corpus
    from instrument.corpus.scores import find_scores
    from instrument.corpus.variation import TEMPO, VELOCITY, Range, Variation
    from instrument.dsp.block import compile_kernels
    from instrument.engine.pipeline import cores
    from instrument.midi.filters import TRANSPOSE
    from instrument.model.graphs import load_instrument

    if workers is None:
        workers = cores()
    WORKERS.check("--workers", workers)
    shares = read_shares(split)
    if workers and scheduler is None:
        from instrument.corpus.cluster import check_memory_limit

        check_memory_limit(memory_limit)
    variation = Variation(
        transpose=Range.read("--transpose", transpose, TRANSPOSE),
        tempo=Range.read("--tempo", tempo, TEMPO),
        velocity=Range.read("--velocity", velocity, VELOCITY),
        presets=tuple(preset or ()),
        knobs=read_knob_ranges(knob or ()),
        joins=tuple(each.value for each in joins or (Joining.AUTO,)),
        room=Range.read("--room", room, LIMITS["room_gain"]),
        humanize=Range.read("--humanize", humanize, LIMITS["humanize"]),
        mode=mode.value,
        outside=None if outside is None else outside.value,
    )
    form = Form(sample_rate, frame_rate, stems)
    folders = [instrument_folder(name) for name in instrument or ["violin"]]
    found = find_scores(scores)
    with ui.progress_bars() as bars:
        instruments = [load_instrument(folder, bars.compiling) for folder in folders]
        specs = [each.spec for each in instruments]
        plan = Plan(found, specs, variants, seed, variation, form)
        by_digest = {each.spec.digest: each for each in instruments}
        compile_kernels(bars.compiling)  # once, and not in each worker
        if dry_run:
            from instrument.corpus.estimate import estimate

            told = estimate(plan, by_digest, bars.rendering)
    if dry_run:
        print_estimate(told, workers, as_json=as_json)
        if not told.items:
            raise UsageError("no item can be made: none of the scores can be played so")
        return
    with ui.progress_bars() as bars:
        opening: AbstractContextManager[Maker]
        if workers == 0 and scheduler is None:
            opening = nullcontext(partial(make_alone, by_digest, output))
        else:
            from instrument.corpus.cluster import cluster

            opening = cluster(scheduler, workers, memory_limit, instruments, output, _tell)
        made = make_corpus(plan, output, shares, opening, bars.rendering, shards=shards)
    print_made(output, made, as_json=as_json)
    if not made.rows:
        raise UsageError(f"{output}: no item could be made; see refused.jsonl there")


@corpus.command()
def check(
    folder: Annotated[Path, typer.Argument(metavar="SET", help="The folder of the corpus.")],
    as_json: JsonOption = False,
) -> None:
    """Verify items, tables and shards: digests, lengths, annotations that fit the sound."""
    check_libraries("corpora need", NEEDED, "corpus")
    from instrument import terminal as ui
    from instrument.corpus.checking import check_corpus
    from instrument.corpus.manifest import read_manifest
    from instrument.text import one_line

    rows = read_manifest(folder)
    with ui.progress_bars() as bars:
        wrong = list(check_corpus(folder, rows, bars.rendering))
    if as_json:
        print(json.dumps({"items": len(rows), "wrong": wrong}))
    else:
        for sentence in wrong:
            print(one_line(sentence))
    if wrong:
        what = "one thing is" if len(wrong) == 1 else f"{len(wrong)} things are"
        raise UsageError(f"{folder}: {what} wrong; remove what is damaged, and make it again")
    if not as_json:
        print(f"{one_line(str(folder))}: all {len(rows)} items are right.")


def read_knob_ranges(settings: list[str] | tuple[str, ...]) -> dict[str, Range]:
    """Ranges of positions, by the knobs' names, from NAME=LOW..HIGH.

    Raises:
        UsageError: In one sentence that names the option.
    """
    from instrument.corpus.variation import Range

    knobs = {}
    for setting in settings:
        name, _, range_ = setting.partition("=")
        knobs[name] = Range.read(f"--knob {name}", range_, POSITION)
    return knobs


def print_estimate(told: Estimate, workers: int, *, as_json: bool) -> None:
    """Say how much a corpus will be."""
    from instrument.terminal import duration

    if as_json:
        print(json.dumps(asdict(told)))
        return
    seconds = told.work_hours * 3600 / max(workers, 1)
    print(
        f"{told.items} items, {told.hours:.2f} hours of sound, about {told.size / 1e9:.2f} GB; "
        f"about {duration(seconds)} with {max(workers, 1)} workers, as fast as {told.tried} items "
        "that were tried here."
    )
    if told.refused:
        print(f"{told.refused} more can't be made: their scores can't be played.")


def print_made(corpus: Path, made: Made, *, as_json: bool) -> None:
    """Say what a corpus holds, and what was left out."""
    from instrument.text import one_line

    splits = dict(sorted(made.splits.items()))
    if as_json:
        told = {
            "items": len(made.rows),
            "new": made.new,
            "hours": made.hours,
            "bytes": made.size,
            "splits": splits,
            "refused": len(made.refused),
            "strays": made.strays,
            "stale_shards": made.stale_shards,
        }
        print(json.dumps(told))
        return
    print(
        f"{one_line(str(corpus))}: {len(made.rows)} items, {made.new} of them new; "
        f"{made.hours:.2f} hours of sound, {made.size / 1e9:.2f} GB"
    )
    print(", ".join(f"{name} {count}" for name, count in splits.items()) + ".")
    if made.refused:
        print(f"{len(made.refused)} items were left out; refused.jsonl says why:")
        reasons = [f"{row['score']}: {row['reason']}" for row in made.refused]
        for reason in list(dict.fromkeys(reasons))[:REASONS]:
            print(f"  {one_line(reason)}")
    if made.strays:
        print(f"{made.strays} items are there that these scores and options don't ask for.")
    if made.stale_shards:
        print("The shards are of other items or splits; --shards writes them anew.")


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
