"""`arco play`: live, from MIDI keyboards and programs."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from instrument.cli.options import (
    HumanizeOption,
    InstrumentOption,
    KnobOption,
    PresetOption,
    RecordOption,
    RoomOption,
    instrument_folder,
    read_chosen,
)
from instrument.cli.shell import signals_that_end
from instrument.errors import UnknownName, UsageError
from instrument.settings import LIMITS, Limits

if TYPE_CHECKING:
    from instrument.live.session import LiveSettings
    from instrument.model.graphs import Instrument

BLOCK = Limits(16, 4096)
"""Samples that a device is asked to take at once."""

PORT = Limits(0, 65_535, whole=True)
"""Of UDP; 0 for any that is free."""


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
    osc: Annotated[
        int | None,
        typer.Option(
            metavar="PORT",
            help="Also listen to OSC messages from this computer at a UDP port: docs/osc.md.",
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
    record: RecordOption = None,
    record_audio: Annotated[
        Path | None,
        typer.Option(
            metavar="TAKE.wav", help="Record the sound, 24 bits, .wav or .flac.", show_default=False
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print JSON instead of sentences, an object a line: when it is ready, whatever "
            "happens, and a report.",
        ),
    ] = False,
) -> None:
    """Play from MIDI keyboards and programs, now, until Ctrl-C."""
    from instrument.live.bindings import config_path, load_bindings
    from instrument.live.knobs import targets

    chosen = read_chosen(
        sample_rate=sample_rate,
        seed=seed,
        preset=preset,
        knob=knob,
        humanize=humanize,
        room=room,
    )
    LIMITS["voices"].check("--voices", voices)
    chosen["voices"] = voices
    device_rate = chosen.pop("sample_rate", None)
    BLOCK.check("--block", block)
    if osc is not None:
        PORT.check("--osc", osc)
    if mode not in ("poly", "mono"):
        raise UsageError(f"--mode {mode}: should be poly or mono")
    bindings_path = config_path()
    bindings = load_bindings(bindings_path)

    from instrument.live.session import LiveSettings
    from instrument.model.graphs import load_instrument

    loaded = load_instrument(instrument_folder(instrument))
    names = targets([axis.name for axis in loaded.spec.axes])
    for name in learn or ():
        if name not in names:
            raise UnknownName("knob", name, names)
    settings = LiveSettings(
        engine=replace(LiveSettings().engine, **chosen),
        osc_port=osc,
        midi_in=midi_in,
        audio_out=audio_out,
        block=block,
        sample_rate=device_rate,
        mono=mode == "mono",
        bindings=bindings,
        learn=learn or (),
        bindings_path=bindings_path,
        record=record,
        record_audio=record_audio,
    )
    _play(loaded, settings, instrument, as_json=as_json)


def _play(instrument: Instrument, settings: LiveSettings, name: str, *, as_json: bool) -> None:
    """Play until the first signal, and to the end of its last notes until the second."""
    from instrument import display
    from instrument.dsp.callback import compile_callback
    from instrument.live.notices import Notice
    from instrument.live.session import Session
    from instrument.terminal import progress_bars

    with progress_bars() as bars:
        compile_callback(bars.compiling)
    reader = display.JsonLines() if as_json else display.LiveDisplay()
    with Session(instrument, settings, reader.tell) as session:
        for number in {signal.SIGINT, signal.SIGTERM, *signals_that_end()}:
            signal.signal(number, lambda *_: session.stop())
        sentences = "\n".join(display.ready_sentences(session))
        reader.tell(Notice("ready", sentences, display.ready_facts(session, settings)))
        with reader.following(lambda: display.status_line(session.status)):
            session.run()
        status = session.status
    if as_json:
        print(json.dumps({"event": "report", **display.report_facts(status, settings)}))
        return
    for line in display.report_sentences(status, settings, name):
        print(line)
