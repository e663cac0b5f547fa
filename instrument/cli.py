"""The command line: ``arco play``, ``render``, ``bench``, ``info``, ``train`` and others."""

# ruff: noqa: PLC0415
# A command imports what it needs, so that help, versions and wrong arguments are answered at once.

from __future__ import annotations

import dataclasses
import io
import json
import math
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

import typer

from instrument import __version__
from instrument.errors import ArcoError, UnknownName, UsageError
from instrument.settings import SAMPLE_RATES

if TYPE_CHECKING:
    from instrument.live.session import LiveSettings
    from instrument.midi.file import Score
    from instrument.model.graphs import Instrument
    from instrument.render import RenderReport, RenderSettings
    from instrument.settings import EngineSettings

Found = TypeVar("Found")

MELODY = Path(__file__).parent / "melodies" / "londonderry_air.mid"
DEMO_OUTPUT = Path("demo", "londonderry-air.wav")

BAD_USE = 2
BROKEN_PIPE = 1

InstrumentOption = Annotated[
    str, typer.Option(help="An instrument's name, or the folder of an exported one.")
]
PresetOption = Annotated[
    str | None,
    typer.Option(
        help="How it is played at first; by default the instrument's first preset.",
        show_default=False,
    ),
]
KnobOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Turn a knob, from 0 to 1; may be given again for others. "
        "'arco info' names the presets and knobs.",
        metavar="NAME=VALUE",
        show_default=False,
    ),
]

HumanizeOption = Annotated[
    float | None,
    typer.Option(
        help="How much equal notes differ, 0 to 2: at 0 not at all, by default, 1, as in the "
        "recordings.",
        metavar="AMOUNT",
        show_default=False,
    ),
]
RoomOption = Annotated[
    float | None,
    typer.Option(
        help="How loud the room is, 0 to 1; by default 0.18.", metavar="GAIN", show_default=False
    ),
]

# typer takes its usage errors from click or, in later versions, from inside itself; this is the
# base of all of them either way.
_TyperUsageError = cast("type[Exception]", typer.BadParameter.__base__)

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A violin that lives in a latent space: it plays what MIDI keyboards and files tell it.",
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
    instrument: InstrumentOption = "violin",
    sample_rate: Annotated[
        int | None,
        typer.Option(
            metavar="HZ",
            help="Samples a second; by default 48000, or a take's own.",
            show_default=False,
        ),
    ] = None,
    bits: Annotated[
        int,
        typer.Option(
            metavar="16|24|32", help="Bits a sample; 32 are floating point, in a .wav only."
        ),
    ] = 24,
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="NUMBER",
            help="The same seed gives the same file; by default 0, or a take's own.",
            show_default=False,
        ),
    ] = None,
    preset: PresetOption = None,
    knob: KnobOption = None,
    humanize: HumanizeOption = None,
    room: RoomOption = None,
    tail: Annotated[
        float | None,
        typer.Option(
            help="Seconds after the song's end; by default until the room is silent, or to a "
            "take's own end.",
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

    from instrument import terminal as ui
    from instrument.midi.file import read_score
    from instrument.render import RenderSettings, channels

    score = read_score(song)
    as_played = RenderSettings.of(score)
    if sample_rate is not None:
        _check_sample_rate(sample_rate)
    chosen = {"sample_rate": sample_rate, "seed": seed, "preset": preset, "knobs": knobs or None}
    engine = _chosen(as_played.engine, chosen, room, humanize)
    settings = dataclasses.replace(as_played, engine=engine, tail_seconds=tail)
    if tail is not None or engine.sample_rate != as_played.engine.sample_rate:
        # A take's length counts its own samples, up to its own end.
        settings = dataclasses.replace(settings, samples=None)
    path = output or Path(song.with_suffix(".wav").name)
    report = _render_into(instrument, score, settings, path, bits, stems)
    if as_json:
        _say(json.dumps(dataclasses.asdict(report)))
        return
    for line in ui.report_lines(path, report, score.skipped_channels):
        _say(line)
    if stems is not None:
        _say(f"Stems, a file for each MIDI channel: {len(channels(score))} in {stems}.")


@app.command()
def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The .wav or .flac file to write.")
    ] = DEMO_OUTPUT,
) -> None:
    """Render the melody that comes with Arco, and play it if there is a sound device."""
    from instrument import terminal as ui
    from instrument.audio.devices import play_file
    from instrument.files import new_folder
    from instrument.midi.file import read_score
    from instrument.render import RenderSettings

    with ExitStack() as folder:
        if output == DEMO_OUTPUT:
            folder.enter_context(new_folder(output.parent))
        report = _render_into("violin", read_score(MELODY), RenderSettings(), output, 24, None)
    for line in ui.report_lines(output, report, ()):
        _say(line)
    sys.stdout.flush()
    try:
        play_file(output)
    except UsageError as obstacle:
        _say(f"Not played: {obstacle}.")
    except KeyboardInterrupt:
        typer.echo(err=True)


@app.command()
def play(
    instrument: InstrumentOption = "violin",
    midi_in: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|virtual",
            help="The MIDI input, by a part of its name; 'virtual' for only a port that other "
            "programs connect to; by default all inputs and such a port, named Arco.",
            show_default=False,
        ),
    ] = None,
    audio_out: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The sound device, by a part of its name; by default JACK if it runs, else the "
            "system's.",
            show_default=False,
        ),
    ] = None,
    block: Annotated[
        int,
        typer.Option(
            metavar="SAMPLES",
            help="What the device takes at once: fewer for less latency. JACK has its own.",
        ),
    ] = 128,
    sample_rate: Annotated[
        int | None,
        typer.Option(
            metavar="HZ", help="Samples a second; by default the device's.", show_default=False
        ),
    ] = None,
    voices: Annotated[
        int, typer.Option(metavar="NUMBER", help="How many notes may sound at once.")
    ] = 8,
    mode: Annotated[
        str, typer.Option(metavar="poly|mono", help="Chords, or a single line with slurs.")
    ] = "poly",
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Of all that is left to chance.")] = 0,
    preset: PresetOption = None,
    knob: KnobOption = None,
    humanize: HumanizeOption = None,
    room: RoomOption = None,
    learn: Annotated[
        list[str] | None,
        typer.Option(
            help="Turn this knob of the instrument, or control like vibrato, with the next "
            "controller that moves; kept for later. May be given again for others.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option(
            metavar="TAKE.mid",
            help="Record what is played; 'arco render TAKE.mid' gives the same sound.",
            show_default=False,
        ),
    ] = None,
    record_audio: Annotated[
        Path | None,
        typer.Option(
            metavar="TAKE.wav", help="Record the sound, 24 bits, .wav or .flac.", show_default=False
        ),
    ] = None,
) -> None:
    """Play from MIDI keyboards and programs, now, until Ctrl-C."""
    from instrument.live.bindings import config_path, controls, load_bindings

    knobs = _knobs(knob or [])
    _check_not_negative("--seed", seed)
    _check_within("--block", block, 16, 4096)
    _check_within("--voices", voices, 1, 64)
    if mode not in ("poly", "mono"):
        raise UsageError(f"--mode {mode}: should be poly or mono")
    bindings_path = config_path()
    bindings = load_bindings(bindings_path)

    from instrument.live.session import LiveSettings
    from instrument.model.catalogue import find_instrument
    from instrument.model.graphs import load_instrument

    loaded = load_instrument(find_instrument(instrument))
    names = controls([axis.name for axis in loaded.spec.axes])
    for name in learn or ():
        if name not in names:
            raise UnknownName("knob", name, names)
    if sample_rate is not None:
        _check_sample_rate(sample_rate)
    engine = {"voices": voices, "seed": seed, "preset": preset, "knobs": knobs}
    settings = LiveSettings(
        engine=_chosen(LiveSettings().engine, engine, room, humanize),
        midi_in=midi_in,
        audio_out=audio_out,
        block=block,
        sample_rate=sample_rate,
        mono=mode == "mono",
        bindings=bindings,
        learn=learn or (),
        bindings_path=bindings_path,
        record=record,
        record_audio=record_audio,
    )
    _play(loaded, settings, instrument)


def _play(instrument: Instrument, settings: LiveSettings, name: str) -> None:
    """Play until the first signal, and to the end of its last notes until the second."""
    from instrument import terminal as ui
    from instrument.live.session import Session

    display = ui.LiveDisplay()
    with Session(instrument, settings, display.say) as session:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: session.stop())
        for sentence in ui.live_sentences(session):
            display.say(sentence)
        with display.following(lambda: ui.status_line(session.status)):
            session.run()
        status = session.status
    for line in ui.live_report(status, settings, name):
        _say(line)


@app.command()
def devices() -> None:
    """Show the MIDI inputs, the sound devices, and what learned knobs turn."""
    from instrument import terminal as ui
    from instrument.audio.stream import list_outputs
    from instrument.live.bindings import config_path, load_bindings
    from instrument.live.inputs import list_inputs

    ui.print_inputs(_found(list_inputs))
    ui.print_outputs(_found(list_outputs))
    path = config_path()
    ui.print_bindings(path, load_bindings(path))


def _found(look: Callable[[], list[Found]]) -> list[Found] | str:
    """What there is, or why there is nothing."""
    try:
        return look()
    except UsageError as error:
        return str(error)


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
    """Show what an instrument says of itself: range, knobs, presets, sources, metrics."""
    from instrument import terminal as ui
    from instrument.model.catalogue import find_instrument
    from instrument.model.spec import check_digest, read_spec

    folder = find_instrument(instrument)
    spec = read_spec(folder)
    for graph in (spec.envelope, spec.timbre):
        check_digest(graph, folder)
    if as_json:
        _say(json.dumps(ui.facts(spec), ensure_ascii=False))
    else:
        ui.print_facts(ui.facts(spec))


@app.command()
def bench(
    instrument: InstrumentOption = "violin",
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer rounds and kinds: a minute or two.")
    ] = False,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json", metavar="FILE", help="Write all metrics, round by round.", show_default=False
        ),
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(
            metavar="OLD.json",
            help="Mark what is worse than in an older report, beyond the noise.",
            show_default=False,
        ),
    ] = None,
    live: Annotated[
        bool,
        typer.Option(
            "--live", help="Only: from MIDI to sound through a JACK server that runs; 20 minutes."
        ),
    ] = False,
    picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png",
            help="Draw the load against voices, block and width of the model.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Measure latency and speed on this machine, beside what else is installed."""
    from instrument.bench.effort import QUICK, Effort
    from instrument.bench.live.report import measure_live_session
    from instrument.bench.metrics import read_report, write_report
    from instrument.bench.picture import check_drawable, draw
    from instrument.bench.session import measure
    from instrument.bench.tables import print_comparison, print_report
    from instrument.files import check_writable

    if json_file is not None:
        check_writable(json_file)
    if picture is not None:
        if live:
            raise UsageError("--picture draws what --live doesn't measure; give one of them")
        check_drawable(picture)
    before = read_report(compare) if compare else None
    effort = QUICK if quick else Effort()
    report = (measure_live_session if live else measure)(instrument, effort, _progress)
    if json_file is not None:
        write_report(json_file, report)
    print_report(report)
    if picture is not None:
        draw(report, picture)
    if before is not None:
        print_comparison(report, before)


def _progress(sentence: str) -> None:
    """Say on stderr what goes on, if somebody is there to read it."""
    if sys.stderr.isatty():
        print(f"Measuring: {sentence} …", file=sys.stderr)  # noqa: T201


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


def _check_within(option: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UsageError(f"{option} {value:g}: should be from {low:g} to {high:g}")


def _check_sample_rate(sample_rate: int) -> None:
    low, high = SAMPLE_RATES
    if not low <= sample_rate <= high:
        raise UsageError(f"--sample-rate {sample_rate}: should be from {low} to {high} Hz")


def _chosen(
    settings: EngineSettings,
    chosen: Mapping[str, Any],
    room: float | None,
    humanize: float | None,
) -> EngineSettings:
    """Settings with what was chosen; None is what wasn't."""
    if room is not None:
        _check_within("--room", room, 0.0, 1.0)
    if humanize is not None:
        _check_within("--humanize", humanize, 0.0, 2.0)
    given = {**chosen, "room_gain": room, "humanize": humanize}
    wanted = {name: value for name, value in given.items() if value is not None}
    return dataclasses.replace(settings, **wanted)


def _render_into(
    name: str, score: Score, settings: RenderSettings, path: Path, bits: int, stems: Path | None
) -> RenderReport:
    """Render with an instrument of a name, with a bar that shows how far it is."""
    from instrument import terminal as ui
    from instrument.model.catalogue import find_instrument
    from instrument.model.graphs import load_instrument
    from instrument.render import check_output, render_files

    check_output(path, bits, score, settings)
    instrument = load_instrument(find_instrument(name))
    with ui.progress_bar() as progress:
        return render_files(instrument, score, settings, path, bits, stems, progress)


if __name__ == "__main__":
    sys.exit(main())
