"""The command line: ``arco render``, ``demo``, ``info`` and ``train``."""

# ruff: noqa: PLC0415
# A command imports what it needs, so that help, versions and wrong arguments are answered at once.

from __future__ import annotations

import dataclasses
import io
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from instrument import __version__
from instrument.errors import ArcoError, OutputError, UsageError
from instrument.files import replacing

if TYPE_CHECKING:
    from instrument.midifile import Score
    from instrument.offline import RenderReport, RenderSettings
    from instrument.types import Float32

MELODY = Path(__file__).parent / "melodies" / "londonderry_air.mid"
DEMO_OUTPUT = Path("demo", "londonderry-air.wav")

BAD_USE = 2
BROKEN_PIPE = 1

SUBTYPES = {
    ".wav": {16: "PCM_16", 24: "PCM_24", 32: "FLOAT"},
    ".flac": {16: "PCM_16", 24: "PCM_24"},
}
"""What soundfile calls the samples, by the file's ending and the number of bits."""

WAV_BYTES = 2**32 - 2**20
"""What a WAV file can hold: its sizes have 32 bits."""

SYSTEM_ERROR = 2
"""What libsndfile reports when the system refuses to write."""

# typer takes its usage errors from click or, in later versions, from inside itself; this is the
# base of all of them either way.
_TyperUsageError = cast("type[Exception]", typer.BadParameter.__base__)

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A violin that lives in a latent space: it plays MIDI files.",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows the program's name; by default what the shell gave.

    Returns:
        The exit status: 0; 2 after one line on stderr that says what was wrong; 130 after Ctrl-C.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # File names may hold bytes that are no text.
            stream.reconfigure(errors="backslashreplace")
    try:
        status = app(args=arguments, prog_name="arco", standalone_mode=False)
        sys.stdout.flush()
    except ArcoError as error:
        return _refuse(str(error))
    except _TyperUsageError as error:
        return _refuse(_usage_message(error))
    except BrokenPipeError:
        # Python flushes stdout once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return status if isinstance(status, int) else 0


def _refuse(message: str) -> int:
    """Say in one line on stderr what was wrong; nothing where the help was shown instead."""
    if message:
        print(f"arco: {' '.join(message.split())}", file=sys.stderr)  # noqa: T201
    return BAD_USE


def _usage_message(error: Any) -> str:  # noqa: ANN401 (click's or typer's)
    message: str = error.format_message()
    if message and error.ctx is not None:
        return f"{message.rstrip('.')}; see {error.ctx.command_path} --help"
    return message


def _say(line: str) -> None:
    print(line)  # noqa: T201


# --- The commands --------------------------------------------------------------------------------


def _show_version(wanted: bool) -> None:
    if wanted:
        _say(f"arco {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _arco(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 (its callback answers)
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and stop."
        ),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def render(
    song: Annotated[Path, typer.Argument(help="The .mid file to play.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The .wav or .flac file to write; by default the song's name with .wav, here.",
            show_default=False,
        ),
    ] = None,
    instrument: Annotated[
        str, typer.Option(help="An instrument's name, or the folder of an exported one.")
    ] = "violin",
    sample_rate: Annotated[int, typer.Option(metavar="HZ", help="Samples a second.")] = 48_000,
    bits: Annotated[
        int,
        typer.Option(
            metavar="16|24|32", help="Bits a sample; 32 are floating point, in a .wav only."
        ),
    ] = 24,
    seed: Annotated[
        int, typer.Option(metavar="NUMBER", help="The same seed gives the same file.")
    ] = 0,
    preset: Annotated[
        str | None,
        typer.Option(
            help="How it is played at first; by default the instrument's first preset.",
            show_default=False,
        ),
    ] = None,
    knob: Annotated[
        list[str] | None,
        typer.Option(
            help="Turn a knob, from 0 to 1; may be given again for others. "
            "'arco info' names the presets and knobs.",
            metavar="NAME=VALUE",
            show_default=False,
        ),
    ] = None,
    tail: Annotated[
        float | None,
        typer.Option(
            help="Seconds after the song's end; by default until the room is silent.",
            metavar="SECONDS",
            show_default=False,
        ),
    ] = None,
    stems: Annotated[
        Path | None,
        typer.Option(
            help="Also write one file for each MIDI channel into this folder.",
            metavar="DIR",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead of sentences.")
    ] = False,
) -> None:
    """Play a MIDI file into a sound file."""
    knobs = _knobs(knob or [])
    _check_not_negative("--tail", tail)
    _check_not_negative("--seed", seed)

    from instrument import ui
    from instrument.midifile import read_score
    from instrument.offline import RenderSettings

    score = read_score(song)
    settings = RenderSettings(
        sample_rate=sample_rate, seed=seed, preset=preset, knobs=knobs, tail_seconds=tail
    )
    path = output or Path(song.with_suffix(".wav").name)
    report = _render_files(instrument, score, settings, path, bits, stems)
    if as_json:
        _say(json.dumps(dataclasses.asdict(report)))
        return
    for line in ui.report_lines(path, report, score.skipped_channels):
        _say(line)
    if stems is not None:
        _say(f"Stems, a file for each MIDI channel: {len(_channels(score))} in {stems}.")


@app.command()
def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The .wav or .flac file to write.")
    ] = DEMO_OUTPUT,
) -> None:
    """Render the melody that comes with Arco, and play it if there is a sound device."""
    from instrument import ui
    from instrument.midifile import read_score
    from instrument.offline import RenderSettings

    with ExitStack() as folder:
        if output == DEMO_OUTPUT:
            folder.enter_context(_folder(output.parent))
        report = _render_files("violin", read_score(MELODY), RenderSettings(), output, 24, None)
    for line in ui.report_lines(output, report, ()):
        _say(line)
    sys.stdout.flush()
    obstacle = ui.play(output)
    if obstacle is not None:
        _say(f"Not played: {obstacle}.")


@app.command()
def info(
    instrument: Annotated[
        str, typer.Argument(help="An instrument's name, or the folder of an exported one.")
    ] = "violin",
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object, every figure in it, not tables."),
    ] = False,
) -> None:
    """Show what an instrument says of itself: range, knobs, presets, sources, figures."""
    from instrument import ui
    from instrument.spec import check_digest, find_instrument, read_spec

    folder = find_instrument(instrument)
    spec = read_spec(folder)
    for graph in (spec.envelope, spec.timbre):
        check_digest(graph, folder)
    if as_json:
        _say(json.dumps(ui.facts(spec), ensure_ascii=False))
    else:
        ui.print_facts(ui.facts(spec))


@app.command(
    add_help_option=False,
    context_settings={
        "allow_extra_args": True,
        "allow_interspersed_args": False,
        "ignore_unknown_options": True,
    },
)
def train(context: typer.Context) -> None:
    """Make an instrument from recordings; see arco train --help."""
    if find_spec("torch") is None:
        raise UsageError("training needs PyTorch, which isn't here: pip install 'arco[train]'")
    try:
        from training.cli import app as training
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in {"", "instrument", "training"}:
            raise
        raise UsageError(
            f"training needs {error.name}, which isn't here: pip install 'arco[train]'"
        ) from error
    status = training(args=context.args, prog_name="arco train", standalone_mode=False)
    if isinstance(status, int) and status:
        raise typer.Exit(status)


# --- What was typed ------------------------------------------------------------------------------


def _knobs(settings: Sequence[str]) -> dict[str, float]:
    """Positions, 0…1, by the knobs' names, from NAME=VALUE."""
    knobs = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        try:
            position = float(value)
        except ValueError:
            position = math.nan
        if not (name and equals and 0.0 <= position <= 1.0):
            raise UsageError(
                f"--knob {setting}: should be NAME=VALUE with a value from 0 to 1, like vibrato=0.7"
            )
        knobs[name] = position
    return knobs


def _check_not_negative(option: str, value: float | None) -> None:
    if value is not None and not 0.0 <= value < math.inf:
        raise UsageError(f"{option} {value:g}: should be 0 or more")


def _check_sample_rate(sample_rate: int) -> None:
    from instrument.engine import SAMPLE_RATES

    low, high = SAMPLE_RATES
    if not low <= sample_rate <= high:
        raise UsageError(f"--sample-rate {sample_rate}: should be from {low} to {high} Hz")


def _subtype(path: Path, bits: int) -> str:
    """What soundfile calls these samples in a file with this ending."""
    subtypes = SUBTYPES.get(path.suffix.lower())
    if subtypes is None:
        raise UsageError(f"{path}: should end in .wav or .flac, the two formats that Arco writes")
    if bits not in subtypes:
        *others, most = map(str, subtypes)
        raise UsageError(
            f"--bits {bits}: a {path.suffix.lower()} file has {', '.join(others)} or {most} bits"
        )
    return subtypes[bits]


def _check_size(path: Path, bits: int, score: Score, settings: RenderSettings) -> None:
    from instrument.offline import LONGEST_TAIL_SECONDS

    tail = settings.tail_seconds
    seconds = score.duration_seconds + (LONGEST_TAIL_SECONDS if tail is None else tail)
    if path.suffix.lower() == ".wav" and seconds * settings.sample_rate * bits / 4 > WAV_BYTES:
        raise UsageError(
            f"{path}: {seconds / 3600:.1f} hours are more than a .wav file can hold; "
            "choose .flac, or fewer bits"
        )


# --- Files ---------------------------------------------------------------------------------------


@contextmanager
def _folder(path: Path) -> Iterator[None]:
    """Make a folder that is missing; one that was made goes away again when the block fails."""
    if not path.parent.is_dir():
        raise OutputError(f"{path}: there is no folder {path.parent}; make it first")
    missing = not path.exists()
    try:
        path.mkdir(exist_ok=True)
    except FileExistsError:
        raise OutputError(f"{path}: is a file; name a folder") from None
    except OSError as error:
        raise OutputError(f"{path}: cannot be made: {error.strerror}") from error
    try:
        yield
    except BaseException:
        if missing:
            with suppress(OSError):
                path.rmdir()
        raise


@contextmanager
def _sound_file(path: Path, sample_rate: int, bits: int) -> Iterator[Callable[[Float32], None]]:
    """Give a function that appends stereo blocks [2, n] to a sound file.

    The file is at ``path`` only when the block has ended without an error.
    """
    import soundfile

    subtype = _subtype(path, bits)
    with replacing(path) as beside:
        beside.touch()
        try:
            with soundfile.SoundFile(beside, "w", sample_rate, 2, subtype) as file:
                yield lambda block: file.write(block.T)
        except soundfile.LibsndfileError as error:
            full = error.code == SYSTEM_ERROR
            reason = "is the disk full?" if full else error.error_string.rstrip(".")
            raise OutputError(f"{path}: cannot be written: {reason}") from error
        if subtype == "FLOAT":
            _forget_date(beside)


def _forget_date(path: Path) -> None:
    """Empty the date in the PEAK chunk of a WAV file, so that renders can be compared bit by bit.

    The chunk that libsndfile adds to floating-point samples has a name, size, version and date of
    4 bytes each.
    """
    with path.open("r+b") as file:
        chunk = file.read(256).find(b"PEAK")
        if chunk >= 0:
            file.seek(chunk + 12)
            file.write(bytes(4))


def _channels(score: Score) -> list[int]:
    """Channels that have notes, counting from 0."""
    from instrument.types import NoteOn

    return sorted(
        {timed.event.channel for timed in score.events if isinstance(timed.event, NoteOn)}
    )


def _stem_path(folder: Path, mix: Path, channel: int) -> Path:
    return folder / f"{mix.stem}-channel-{channel + 1:02d}{mix.suffix}"


def _render_files(
    name: str,
    score: Score,
    settings: RenderSettings,
    output: Path,
    bits: int,
    stems: Path | None,
) -> RenderReport:
    """Render a score into one file, and each of its channels into one more if there are stems.

    All files are opened before the first note and get their names after the last one.
    """
    _subtype(output, bits)
    _check_sample_rate(settings.sample_rate)
    _check_size(output, bits, score, settings)
    with ExitStack() as files:

        def opened(path: Path) -> Callable[[Float32], None]:
            return files.enter_context(_sound_file(path, settings.sample_rate, bits))

        mix = opened(output)
        parts = {}
        if stems is not None:
            files.enter_context(_folder(stems))
            parts = {
                channel: opened(_stem_path(stems, output, channel)) for channel in _channels(score)
            }
        return _render_all(name, score, settings, mix, parts)


def _render_all(
    name: str,
    score: Score,
    settings: RenderSettings,
    mix: Callable[[Float32], None],
    parts: dict[int, Callable[[Float32], None]],
) -> RenderReport:
    from instrument import ui
    from instrument.models import load_instrument
    from instrument.offline import render_score
    from instrument.spec import find_instrument

    instrument = load_instrument(find_instrument(name))
    seconds = score.duration_seconds + (settings.tail_seconds or 0.0)
    with ui.progress_bar(seconds * (1 + len(parts))) as progress:

        def after(passes: int) -> Callable[[float], None]:
            return lambda done: progress(passes * seconds + min(done, seconds))

        report = render_score(instrument, score, settings, mix, after(0))
        for passes, (channel, write) in enumerate(parts.items(), 1):
            render_score(instrument, score, settings, write, after(passes), channel)
    return report


if __name__ == "__main__":
    sys.exit(main())
