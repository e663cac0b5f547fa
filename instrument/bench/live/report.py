"""The report of ``arco bench --live``."""

from __future__ import annotations

from collections.abc import Callable

from instrument.bench.effort import Effort
from instrument.bench.live.measure import (
    ARCO,
    FLUIDSYNTH,
    LiveLatency,
    live_seconds,
    measure_live,
)
from instrument.bench.machine import Watch, machine
from instrument.bench.metrics import Metric, Report, Row, Section
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
