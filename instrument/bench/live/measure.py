"""How soon Arco sounds, and FluidSynth where it is installed, on a JACK server that runs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from instrument.bench.live.latency import Latency
from instrument.bench.live.loopback import LEAD_SECONDS, load_jack, loopback
from instrument.bench.live.programs import (
    QUIT,
    OwnCounts,
    arco_command,
    counted,
    fluidsynth_command,
    missing_fluidsynth,
    running,
    wait_until_ready,
)
from instrument.bench.live.take import SILENCE_SECONDS, Take
from instrument.bench.soundfont import find_soundfont

ARCO, FLUIDSYNTH = "Arco", "FluidSynth"


@dataclass(frozen=True)
class LiveLatency:
    """What a loopback found out.

    Attributes:
        sample_rate: Of the JACK server, in Hz.
        block: Samples of its period.
        xruns: Of the server, meanwhile.
        arco: How soon Arco sounded.
        own: What it said of itself.
        fluidsynth: How soon FluidSynth sounded, or a sentence that says why that isn't known.
    """

    sample_rate: int
    block: int
    xruns: int
    arco: Latency
    own: OwnCounts
    fluidsynth: Latency | str


def measure_live(
    notes: int = 1000,
    instrument: str = "violin",
    soundfont: Path | None = None,
    seed: int = 0,
    progress: Callable[[float], None] = lambda _seconds: None,
) -> LiveLatency:
    """Play notes through a JACK server that runs, and measure when they sound.

    It takes as long as `live_seconds` says. Nothing of it is heard: what Arco is connected to by
    itself is disconnected.

    Args:
        notes: For each program.
        instrument: That Arco plays: its name, or the folder of an exported one.
        soundfont: That FluidSynth plays; the usual one if None.
        seed: Of where in its period each note is.
        progress: Called with the seconds that have gone by.

    Raises:
        UsageError: JACK-Client isn't installed, no JACK server runs, it went away, or Arco didn't
            start or ended.
    """
    jack = load_jack()
    missing = missing_fluidsynth(soundfont)
    with ExitStack() as opened:
        loop = opened.enter_context(loopback(jack, (ARCO,) if missing else (ARCO, FLUIDSYNTH)))
        arco = opened.enter_context(running(arco_command(instrument)))
        ready = wait_until_ready(arco)
        loop.connect(ARCO, arco)
        if not missing:
            command = fluidsynth_command(
                loop.sample_rate, loop.block, soundfont or find_soundfont()
            )
            # What it says would fill a pipe that nobody empties.
            fluidsynth = opened.enter_context(running(command, QUIT, subprocess.DEVNULL))
            loop.connect(FLUIDSYNTH, fluidsynth)
        take = Take.empty(loop.programs, notes, loop.sample_rate, loop.block, seed)
        loop.play(take, progress)
        own = counted(arco, ready)
    return LiveLatency(
        sample_rate=loop.sample_rate,
        block=loop.block,
        xruns=loop.xruns,
        arco=take.latency(ARCO),
        own=own,
        fluidsynth=missing or take.latency(FLUIDSYNTH),
    )


def live_seconds(notes: int = 1000) -> float:
    """How long `measure_live` plays."""
    return LEAD_SECONDS + SILENCE_SECONDS * notes
