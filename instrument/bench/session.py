"""One whole bench: everything measured, section after section, into a report."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from instrument.bench.blocks import measure_blocks
from instrument.bench.comparison import ask_peers, note_section, speed_section, width_section
from instrument.bench.controls import measure_controls
from instrument.bench.effort import Effort
from instrument.bench.kernels import measure_floor, measure_kernels
from instrument.bench.machine import Watch, machine
from instrument.bench.metrics import Report, Section
from instrument.bench.networks import measure_envelopes, measure_timbre
from instrument.bench.notes import measure_notes
from instrument.bench.rendering import ONE_CORE, measure_rendering
from instrument.bench.scores import write_eight_voices, write_line, write_note
from instrument.bench.startup import measure_startup
from instrument.bench.timing import undisturbed
from instrument.model.catalogue import find_instrument
from instrument.model.graphs import load_instrument

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
    place = find_instrument(name, say)
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
        yield measure_controls(instrument, say)
        say("notes")
        yield measure_notes(instrument, effort)
    # Threads take turns here as they do in 'arco render'.
    say("rendering")
    rendering = measure_rendering(instrument, {LINE: line, EIGHT_VOICES: chords}, effort)
    yield rendering
    say("widths of the model")
    yield width_section(effort)
    say("peers")
    answers = ask_peers(instrument, line, folder, effort)
    arcos_line = rendering.rows[0].metrics[ONE_CORE]
    yield speed_section(arcos_line, answers, watch.noise().spin)
    heard = note_section(instrument, answers, effort)
    if heard is not None:
        yield heard
