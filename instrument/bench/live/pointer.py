"""Pointer to sound: a finger jumps on the page's map while a note is held.

**What is measured.** From the time at which the browser had the pointer's event until the sound is
another one than without it. A take of what was played is rendered once more for each move without
that move and what follows: to the sample, that is what would have been heard. The move is heard at
the end of the first 5 ms in which what was captured is a fifth of the sound's own level away from
that. The period in which JACK hands the sound to the device counts, too.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from instrument.arrays import Float32, Float64
from instrument.bench.live.ear import Ear, ear
from instrument.bench.live.loopback import load_jack
from instrument.bench.live.page import (
    Finger,
    finger,
    missing_browser,
    ui_command,
    wait_for_address,
)
from instrument.bench.live.programs import running
from instrument.engine.engine import Engine
from instrument.engine.queue import Timed
from instrument.errors import UsageError
from instrument.midi.events import Latent
from instrument.midi.score import read_score
from instrument.model.catalogue import find_instrument
from instrument.model.graphs import Instrument, load_instrument
from instrument.settings import EngineSettings

ENDS = ((0.05, 0.5), (0.95, 0.6))
"""Between which the finger jumps, as shares of the map."""

HEARD = 0.2
"""A sound is another one where it differs by this share of its own level, and by twice as much as
before."""

SAME = 0.2
"""What was captured and what is rendered are the same sound up to this share of its level."""

WINDOW_SECONDS = 0.005
BEFORE_SECONDS = 0.1
WITHIN_SECONDS = 0.4
DWELL_SECONDS = 0.45
DRAG_SECONDS = 20.0
MARGIN_SECONDS = 60.0
FRAMES_AT_ONCE = 32


class Jump(NamedTuple):
    """A move of the finger.

    Attributes:
        had, told: When the browser had the event, and when the page's scripts had it, in seconds.
        sample: What JACK was at when the browser had it.
    """

    had: float
    told: float
    sample: float


@dataclass(frozen=True)
class PointerLatency:
    """What a finger found out.

    Attributes:
        sample_rate: Of the JACK server, in Hz.
        block: Samples of its period.
        moves: How often the finger jumped.
        seconds: [heard], from the pointer's event to the change of the sound.
        page_seconds: [heard], what of it was before the page's scripts had the event.
        way_seconds: [heard], from there until the sample at which the engine placed the notes.
        engine_seconds: [heard], from there until the change is heard.
        ready_seconds: From the page's address to its keys.
        drags_per_second: While the finger dragged.
        late_frames: Control frames that were late meanwhile.
    """

    sample_rate: int
    block: int
    moves: int
    seconds: Float64
    page_seconds: Float64
    way_seconds: Float64
    engine_seconds: Float64
    ready_seconds: float
    drags_per_second: float
    late_frames: int


def measure_pointer(
    moves: int = 60,
    instrument: str = "violin",
    progress: Callable[[float], None] = lambda _seconds: None,
) -> PointerLatency:
    """Move a finger on the page of ``arco ui``, on a JACK server that runs.

    Args:
        moves: How often it jumps.
        instrument: That is played: its name, or the folder of an exported one.
        progress: Called with the seconds that have gone by.

    Raises:
        UsageError: Something isn't installed, no JACK server runs, or the page doesn't come.
    """
    if missing := missing_browser():
        raise UsageError(missing)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "take.mid")
        with ExitStack() as opened:
            hears = opened.enter_context(ear(load_jack(), MARGIN_SECONDS + moves))
            arco = opened.enter_context(running(ui_command(instrument, path)))
            address = wait_for_address(arco)
            hears.connect()
            moved = opened.enter_context(finger(address))
            jumps = _jumps(moved, hears, moves, progress)
            late = moved.late_frames
            drags = moved.drag(DRAG_SECONDS)
            time.sleep(DWELL_SECONDS)
            late = moved.late_frames - late
            moved.lift()
        score = read_score(path)
    settings = score.take.engine if score.take else EngineSettings()
    rate = settings.sample_rate
    played = [(round(each.seconds * rate), each.event) for each in score.events]
    loaded = load_instrument(find_instrument(instrument))
    found = []
    for number, jump in enumerate(jumps):
        sound = _without(loaded, settings, played, number + 1)
        change = change_heard(hears, jump.sample, sound, rate)
        if change is not None:
            heard, placed = change
            seconds = (heard + hears.block - jump.sample) / rate
            before, after = jump.told - jump.had, (heard + hears.block - placed) / rate
            found.append((seconds, before, seconds - before - after, after))
    whole, page, way, engine = np.array(found).reshape(-1, 4).T
    return PointerLatency(
        sample_rate=rate,
        block=hears.block,
        moves=moves,
        seconds=whole,
        page_seconds=page,
        way_seconds=way,
        engine_seconds=engine,
        ready_seconds=moved.ready_seconds,
        drags_per_second=drags,
        late_frames=late,
    )


def pointer_seconds(moves: int) -> float:
    """How long `measure_pointer` takes, about."""
    return 2.0 * moves * DWELL_SECONDS + DRAG_SECONDS


def _jumps(moved: Finger, hears: Ear, moves: int, progress: Callable[[float], None]) -> list[Jump]:
    """Hold a note and jump from one end to the other."""
    begun = time.monotonic()
    moved.press(*ENDS[1])
    jumps = []
    for number in range(moves):
        # They come at any place of the screen's frames and of the sound's periods.
        time.sleep(DWELL_SECONDS + 0.0173 * (number % 7))
        had, told = moved.move(*ENDS[number % 2])
        jumps.append(Jump(had, told, hears.sample_at(had)))
        progress(time.monotonic() - begun)
    time.sleep(DWELL_SECONDS + WITHIN_SECONDS)
    return jumps


def _without(
    instrument: Instrument, settings: EngineSettings, played: Sequence[Timed], place: int
) -> Float32:
    """What would have been heard without a place and what follows it.

    Args:
        instrument: That played.
        settings: With which.
        played: What was played, with the samples.
        place: Number of the place that is left out, from 0.

    Returns:
        The sound around it: [samples], channels added up.
    """
    places = [i for i, (_, event) in enumerate(played) if isinstance(event, Latent)]
    sample = played[places[place]][0]
    engine = Engine(instrument, settings, frames_at_once=FRAMES_AT_ONCE)
    for at, event in played[: places[place]]:
        engine.push(event, at)
    before, within = (
        round(seconds * settings.sample_rate) for seconds in (BEFORE_SECONDS, WITHIN_SECONDS)
    )
    sound = np.zeros((2, sample + within), np.float32)
    engine.render(sound)
    around: Float32 = sound[:, sample - before :].sum(axis=0)
    return around


def change_heard(
    hears: Ear, pointer: float, without: Float32, rate: int
) -> tuple[float, float] | None:
    """When a move is heard.

    Args:
        hears: What was captured.
        pointer: The captured sample at which the browser had the move.
        without: What would have been heard without it, from `BEFORE_SECONDS` before the sample at
            which the engine was told.
        rate: Samples a second.

    Returns:
        The captured samples at which the change is heard and at which the engine was told; None
        where what was before isn't found, or the sound doesn't change.
    """
    before, window = round(BEFORE_SECONDS * rate), round(WINDOW_SECONDS * rate)
    first = round(pointer) - before - rate // 20
    captured = hears.heard(first, first + len(without) + rate // 2)
    lag = best_lag(captured, without[:before])
    there = captured[lag : lag + len(without)]
    if len(there) < len(without):
        return None
    far = _rms(there - without, window)
    own = _rms(without, 4 * window)[-len(far) :]
    share = far[: len(own)] / np.maximum(own, 1e-6)
    told = before - window
    usual = float(share[:told].max())
    if usual > SAME:
        return None
    outside = np.flatnonzero(share[told:] > max(HEARD, 2.0 * usual))
    if len(outside) == 0:
        return None
    placed = first + lag + before
    return placed + int(outside[0]), float(placed)


def best_lag(captured: Float32, sound: Float32) -> int:
    """Where in what was captured a sound begins."""
    size = len(captured) + len(sound)
    product = np.fft.rfft(captured, size) * np.conj(np.fft.rfft(sound, size))
    places = len(captured) - len(sound)
    return int(np.argmax(np.fft.irfft(product, size)[: max(places, 1)]))


def _rms(sound: Float32, window: int) -> Float64:
    """R.m.s. of each window, [samples − window + 1]."""
    sums = np.cumsum(np.concatenate(([0.0], np.square(sound, dtype=np.float64))))
    rms: Float64 = np.sqrt(np.maximum(sums[window:] - sums[:-window], 0.0) / window)
    return rms
