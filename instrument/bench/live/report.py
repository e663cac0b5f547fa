"""The report of ``arco bench --live``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from instrument.bench.effort import Effort
from instrument.bench.live.flood import flood_seconds, flood_section, measure_floods
from instrument.bench.live.measure import (
    ARCO,
    FLUIDSYNTH,
    LiveLatency,
    live_seconds,
    measure_live,
)
from instrument.bench.live.pointer import PointerLatency, measure_pointer, pointer_seconds
from instrument.bench.machine import Watch, machine
from instrument.bench.metrics import Metric, Report, Row, Section
from instrument.errors import UsageError
from instrument.terminal import duration


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
    say(f"notes through JACK, {duration(live_seconds(effort.live_notes))}")
    found = measure_live(effort.live_notes, name)
    say(f"notes among floods, {duration(flood_seconds(effort.flooded_notes))}")
    floods = flood_section(measure_floods(effort.flooded_notes, name))
    say(f"a finger on the page, {duration(pointer_seconds(effort.moves))}")
    return Report(
        machine=machine(),
        noise=watch.noise(),
        sections=(live_section(found), floods, _pointer(name, effort.moves)),
        settings={"instrument": name, "notes": effort.live_notes},
    )


def live_section(found: LiveLatency) -> Section:
    """How soon notes sounded that went through JACK."""
    rate = found.sample_rate
    latencies = {ARCO: found.arco}
    own = found.own
    notes = [
        f"Arco announced {own.latency_ms:.1f} ms. By its own count {own.late_frames} control "
        f"frames and {own.late_notes} notes came late, {own.postponed} messages had to wait, and "
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


def _pointer(name: str, moves: int) -> Section:
    try:
        return pointer_section(measure_pointer(moves, name))
    except UsageError as error:
        return Section(POINTER, (), (f"It was left out: {error}",))


POINTER = "Live: pointer on the page to sound"


def pointer_section(found: PointerLatency) -> Section:
    """How soon a finger on the page was heard, and the parts of that."""
    parts = {
        "pointer to sound": found.seconds,
        "browser to its page": found.page_seconds,
        "page to engine": found.way_seconds,
        "engine to sound": found.engine_seconds,
    }
    rows = []
    for what, seconds in parts.items():
        if len(seconds):
            median, p95 = (1000.0 * float(part) for part in np.percentile(seconds, (50.0, 95.0)))
            metrics = {"median": Metric("ms", (median,)), "p95": Metric("ms", (p95,))}
            rows.append(Row({"what": what}, metrics))
    notes = (
        f"{len(found.seconds)} of {found.moves} moves were told apart from the sound without them. "
        f"The page was ready after {found.ready_seconds:.2f} s. While {found.drags_per_second:.0f} "
        f"drags a second moved the place, {found.late_frames} control frames came late.",
    )
    return Section(POINTER, tuple(rows), notes)
