"""`arco play`: live, from MIDI keyboards and programs."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from instrument.cli.options import (
    BLOCK,
    PORT,
    TAKES,
    AudioOutOption,
    BendRangeOption,
    BlockOption,
    ChannelsOption,
    ControlsOption,
    HumanizeOption,
    InstrumentOption,
    KeysOption,
    KnobOption,
    MidiInOption,
    ModeOption,
    PresetOption,
    RecordOption,
    RoomOption,
    TakesOption,
    TransposeOption,
    VelocityCurveOption,
    VelocityJoinsOption,
    VoicesOption,
    given_options,
    loaded_instrument,
    read_chosen,
)
from instrument.cli.shell import signals_that_end
from instrument.cli.ui import check_page, serve
from instrument.errors import UnknownName
from instrument.settings import LIMITS, Mode
from instrument.text import escaped

if TYPE_CHECKING:
    from instrument.live.session import LiveSettings
    from instrument.model.graphs import Instrument


def play(
    context: typer.Context,
    instrument: InstrumentOption = "violin",
    midi_in: MidiInOption = None,
    osc: Annotated[
        int | None,
        typer.Option(
            metavar="PORT",
            help="Also listen to OSC messages from this computer at a UDP port: docs/osc.md.",
            show_default=False,
        ),
    ] = None,
    audio_out: AudioOutOption = None,
    block: BlockOption = 128,
    sample_rate: Annotated[
        int | None,
        typer.Option(
            metavar="HZ", help="Samples a second; by default the device's.", show_default=False
        ),
    ] = None,
    voices: VoicesOption = 8,
    mode: ModeOption = None,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Of all that is left to chance.")] = 0,
    preset: PresetOption = None,
    knob: KnobOption = None,
    humanize: HumanizeOption = None,
    room: RoomOption = None,
    velocity_joins: VelocityJoinsOption = None,
    controls: ControlsOption = None,
    bend_range: BendRangeOption = None,
    velocity_curve: VelocityCurveOption = None,
    transpose: TransposeOption = None,
    channels: ChannelsOption = None,
    keys: KeysOption = None,
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
    takes: TakesOption = TAKES,
    page: Annotated[
        bool, typer.Option("--ui", help="Also serve the page on which it is played: 'arco ui'.")
    ] = False,
    page_port: Annotated[
        int,
        typer.Option("--ui-port", metavar="PORT", help="Of the page; 0 for any that is free."),
    ] = 0,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print JSON instead of sentences, an object a line: when it is ready, whatever "
            "happens, and a report; with --ui, the page's address.",
        ),
    ] = False,
) -> None:
    """Play from MIDI keyboards and programs, now, until Ctrl-C."""
    from instrument.live.bindings import config_path, load_bindings
    from instrument.live.knobs import targets
    from instrument.midi.filters import read_filter
    from instrument.midi.layouts import layout_of

    chosen = read_chosen(
        sample_rate=sample_rate,
        seed=seed,
        preset=preset,
        knob=knob,
        humanize=humanize,
        room=room,
        velocity_joins=velocity_joins,
        controls=controls,
        bend_range=bend_range,
        mode=mode,
    )
    chosen_filter = read_filter(channels, keys, transpose, velocity_curve)
    LIMITS["voices"].check("--voices", voices)
    chosen["voices"] = voices
    device_rate = chosen.pop("sample_rate", None)
    BLOCK.check("--block", block)
    if osc is not None:
        PORT.check("--osc", osc)
    PORT.check("--ui-port", page_port)
    if page:
        check_page()
    bindings_path = config_path()
    bindings = load_bindings(bindings_path)

    from instrument.live.session import LiveSettings

    loaded = loaded_instrument(instrument)
    layout = layout_of(chosen.get("controls"))
    names = targets([axis.name for axis in loaded.spec.axes], layout)
    chosen.setdefault("mode", Mode.MONO.value if layout.mono else loaded.spec.mode)
    for name in learn or ():
        if name not in names:
            raise UnknownName("knob", name, names)
    if page:
        options = given_options(context, ("page", "page_port", "as_json"))
        serve(loaded, options, takes, port=page_port, as_json=as_json)
        return
    settings = LiveSettings(
        engine=replace(LiveSettings().engine, **chosen),
        osc_port=osc,
        midi_in=midi_in,
        audio_out=audio_out,
        block=block,
        sample_rate=device_rate,
        filter=chosen_filter.leaving(layout.keys),
        bindings=bindings,
        learn=learn or (),
        bindings_path=bindings_path,
        record=record,
        record_audio=record_audio,
        takes=None if osc is None else takes,
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
        sentences = "\n".join(map(escaped, display.ready_sentences(session, settings)))
        reader.tell(Notice("ready", sentences, display.ready_facts(session, settings)))
        with reader.following(lambda: display.status_line(session.status)):
            session.run()
        status = session.status
    if as_json:
        print(json.dumps({"event": "report", **display.report_facts(status, settings)}))
        return
    for line in display.report_sentences(status, settings, name):
        print(escaped(line))
