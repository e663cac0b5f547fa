"""A page and an instrument that plays, from beginning to end: two processes and what joins them."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from instrument.model.graphs import Instrument
from instrument.model.latent import KNOBS
from instrument.ui.engine_link import EngineLink, State
from instrument.ui.hub import Hub, voices
from instrument.ui.keys import as_bowed
from instrument.ui.messages import MessageReader
from instrument.ui.panel import Panel
from instrument.ui.presets import OwnPresets
from instrument.ui.relief import relief
from instrument.ui.security import Gate, new_token
from instrument.ui.server import address, listen, make_app, make_server

if TYPE_CHECKING:
    from collections.abc import Iterator

STATUS = ("voices", "notes", "late_frames", "underruns", "dropped", "load")


@dataclass(frozen=True)
class UiSettings:
    """How the page is served.

    Attributes:
        host, port: Address that it listens at; port 0 is any that is free.
        play: Options of `arco play`.
        folder: Where the player's presets are kept.
        signals: That end it.
    """

    host: str
    port: int
    play: Sequence[str]
    folder: Path
    signals: Iterable[signal.Signals] = ()


def hello(instrument: Instrument) -> dict[str, Any]:
    """What a page has to know of an instrument, as it can be written as JSON."""
    spec = instrument.spec
    return {
        "name": spec.name,
        "description": spec.description,
        "range": spec.pitch_range,
        "points": [
            {
                "x": point.x,
                "y": point.y,
                "midi": point.midi,
                "velocity": velocity,
                "loudness": point.loudness,
                "dynamic": point.dynamic,
                "string": point.string,
                "vibrato": point.vibrato_cents,
            }
            for point, (_, velocity) in zip(spec.map, as_bowed(spec), strict=True)
        ],
        "levels_db": [spec.loudness_db[0], spec.loudness_db[-1]],
        "axes": [axis.label for axis in spec.axes[:KNOBS]],
        "presets": [
            {"name": p.name, "description": p.description, "points": p.points} for p in spec.presets
        ],
    }


def run(instrument: Instrument, settings: UiSettings, tell: Callable[[str], None]) -> None:
    """Serve the page, and play, until a signal comes.

    Args:
        instrument: That is played, as the page knows it.
        settings: How.
        tell: Takes the page's address when all is ready.

    Raises:
        UsageError: The address can't be had, or the instrument refuses to play.
    """
    asyncio.run(_run(instrument, settings, tell))


async def _run(instrument: Instrument, settings: UiSettings, tell: Callable[[str], None]) -> None:
    spec = instrument.spec
    own = OwnPresets(settings.folder, spec.digest, spec.envelope_size.latent)
    with listen(settings.host, settings.port) as socket:
        port = socket.getsockname()[1]
        joined = _Joined(instrument, own, settings.play)
        hub, link = joined.hub, joined.link
        token = new_token()
        server = make_server(make_app(hub, Gate(settings.host, port), token))
        stop = asyncio.Event()
        playing, sharing, stopping, beginning = (
            asyncio.create_task(work)
            for work in (link.run(), hub.run(), stop.wait(), link.ready.wait())
        )
        try:
            with _stopped_by(settings.signals, stop):
                await _first(playing, sharing, stopping, beginning)
                if not stop.is_set():
                    tell(address(settings.host, port, token))
                    serving = asyncio.create_task(server.serve(sockets=[socket]))
                    try:
                        await _first(playing, sharing, serving)
                    finally:
                        server.should_exit = True
                        await serving
        finally:
            for task in (playing, sharing, stopping, beginning):
                task.cancel()
            await asyncio.gather(playing, sharing, stopping, beginning, return_exceptions=True)


async def _first(*tasks: asyncio.Task[Any]) -> None:
    """Wait for the first of some tasks to end; what went wrong in it is raised."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


class _Joined:
    """The pages and the process that plays: what each tells the other.

    Attributes:
        link: To what plays.
        hub: Of the pages.
    """

    def __init__(self, instrument: Instrument, own: OwnPresets, play: Sequence[str]) -> None:
        self.link = EngineLink(play, self._heard, self._changed, self._noticed)
        self._panel = Panel(instrument, own, self.link.send)
        surface, spec = self._panel.surface, instrument.spec
        reader = MessageReader(points=surface.points, axes=surface.axes, presets=len(spec.presets))
        self.hub = Hub(self._panel, reader, hello(instrument))
        self.hub.tell("relief", relief(instrument, surface))

    def _heard(self, address: str, values: list[Any]) -> None:
        if address == "/status":
            self.hub.tell("status", dict(zip(STATUS, values, strict=False)))
        elif address == "/voices":
            self.hub.tell("voices", {"voices": [*voices(values)]})

    def _changed(self, state: State) -> None:
        self.hub.tell("engine", state)
        if state["running"]:
            self._panel.restore()

    def _noticed(self, told: dict[str, Any]) -> None:
        self.hub.tell("notice", {"event": told})


@contextmanager
def _stopped_by(numbers: Iterable[signal.Signals], stop: asyncio.Event) -> Iterator[None]:
    """Set an event at signals."""
    loop = asyncio.get_running_loop()

    def end(*_: object) -> None:
        with suppress(RuntimeError):  # it has ended
            loop.call_soon_threadsafe(stop.set)

    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
