"""One whole bench: everything measured, section after section, into a report."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from instrument.bench.blocks import measure_blocks
from instrument.bench.comparison import ask_peers, note_section, speed_section, width_section
from instrument.bench.effort import Effort
from instrument.bench.kernels import measure_floor, measure_kernels
from instrument.bench.live.measure import ARCO, FLUIDSYNTH, LiveLatency, live_seconds, measure_live
from instrument.bench.machine import Watch, machine
from instrument.bench.metrics import Metric, Report, Row, Section
from instrument.bench.networks import measure_envelopes, measure_timbre
from instrument.bench.notes import measure_notes
from instrument.bench.rendering import measure_rendering
from instrument.bench.scores import write_eight_voices, write_line, write_note
from instrument.bench.startup import measure_startup
from instrument.bench.timing import undisturbed
from instrument.model.catalogue import find_instrument
from instrument.model.graphs import load_instrument
from instrument.terminal import duration

LINE, EIGHT_VOICES = "a line", "eight voices"


def measure(
    name: str, effort: Effort, say: Callable[[str], None] = lambda _sentence: None
) -> Report:
    """Measure everything.

    Args:
        name: Of an instrument, or its folder.
        effort: How often.
        say: Told what is being measured.

    Raises:
        ArcoError: The instrument can't be loaded, or one of the programs that are measured fails.
    """
    watch, sections = Watch(), []
    with tempfile.TemporaryDirectory() as folder:
        for section in _sections(name, effort, Path(folder), watch, say):
            watch.look()
            sections.append(section)
    return Report(
        machine=machine(),
        noise=watch.noise(),
        sections=tuple(sections),
        settings={"instrument": name, "rounds": effort.rounds, "blocks": effort.blocks},
    )


def _sections(
    name: str, effort: Effort, folder: Path, watch: Watch, say: Callable[[str], None]
) -> Iterator[Section]:
    place = find_instrument(name)
    instrument = load_instrument(place)
    note, line, chords = (folder / f"{score}.mid" for score in ("note", "line", "chords"))
    write_note(note)
    write_line(line, effort.seconds)
    write_eight_voices(chords, effort.seconds)
    say("cold starts")
    yield measure_startup(str(place), note, line, effort)
    with undisturbed():
        say("networks and kernels")
        yield measure_envelopes(instrument, effort)
        yield measure_timbre(instrument, effort)
        yield measure_kernels(instrument, effort)
        weights_bytes = (place / instrument.spec.timbre.file).stat().st_size
        yield measure_floor(instrument, effort, weights_bytes)
        say("blocks")
        yield from measure_blocks(instrument, effort)
        say("notes")
        yield measure_notes(instrument, effort)
        say("rendering")
        rendering = measure_rendering(instrument, {LINE: line, EIGHT_VOICES: chords}, effort)
        yield rendering
    say("widths of the model")
    yield width_section(effort)
    say("peers")
    answers = ask_peers(instrument, line, folder, effort)
    (arcos_line,) = rendering.rows[0].metrics.values()
    yield speed_section(arcos_line, answers, watch.noise().spin)
    heard = note_section(instrument, answers, effort)
    if heard is not None:
        yield heard


def measure_live_session(
    name: str, effort: Effort, say: Callable[[str], None] = lambda _sentence: None
) -> Report:
    """Measure only what goes through real MIDI and audio, on a JACK server that runs.

    Args:
        name: Of an instrument, or its folder.
        effort: How many notes.
        say: Told how long it takes.

    Raises:
        UsageError: There is no such server, or what it takes isn't installed.
    """
    watch = Watch()
    say(f"notes through JACK, {duration(live_seconds(effort.notes))}")
    found = measure_live(effort.notes, name)
    return Report(
        machine=machine(),
        noise=watch.noise(),
        sections=(live_section(found),),
        settings={"instrument": name, "notes": effort.notes},
    )


def live_section(found: LiveLatency) -> Section:
    """How soon notes sounded that went through JACK."""
    rate = found.sample_rate
    latencies = {ARCO: found.arco}
    own = found.own
    notes = [
        f"Arco announced {own.latency_ms:g} ms. By its own count {own.late_frames} control frames "
        f"and {own.late_notes} notes came late, {own.postponed} messages had to wait, and "
        f"{own.dropped} notes were dropped; JACK counted {found.xruns} gaps."
    ]
    if isinstance(found.fluidsynth, str):
        notes.append(f"{FLUIDSYNTH} was left out: {found.fluidsynth}")
    else:
        latencies[FLUIDSYNTH] = found.fluidsynth
    rows = []
    for who, latency in latencies.items():
        lost = Metric("notes", (float(latency.lost),))
        spread = latency.from_note
        in_ms = spread.in_ms(rate)._asdict() if spread else {}
        metrics = {column: Metric("ms", (value,)) for column, value in in_ms.items()}
        rows.append(Row({"who": who}, {**metrics, "lost": lost}))
    title = f"Live: note-on to sound through JACK, blocks of {found.block} at {rate} Hz"
    return Section(title, tuple(rows), tuple(notes))
