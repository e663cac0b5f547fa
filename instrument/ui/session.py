"""A page and an instrument that plays, from beginning to end: two processes and what joins them."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from instrument.model.graphs import Instrument
from instrument.model.latent import KNOBS
from instrument.ui.controllers import Controllers
from instrument.ui.devices import Devices
from instrument.ui.engine_link import EngineLink, State
from instrument.ui.examples import Examples
from instrument.ui.hub import Hub, voices
from instrument.ui.keys import as_bowed
from instrument.ui.layouts import layouts
from instrument.ui.messages import MessageReader
from instrument.ui.panel import Panel
from instrument.ui.presets import OwnPresets
from instrument.ui.relief import relief
from instrument.ui.security import Gate, new_token
from instrument.ui.server import address, listen, make_app, make_server
from instrument.ui.takes import Takes

if TYPE_CHECKING:
    from collections.abc import Iterator

STATUS = (
    "voices",
    "notes",
    "late_frames",
    "underruns",
    "dropped",
    "load",
    "peak_left",
    "peak_right",
    "rms_left",
    "rms_right",
    "limited",
    "late_notes",
)


@dataclass(frozen=True)
class UiSettings:
    """How the page is served.

    Attributes:
        host, port: Address that it listens at; port 0 is any that is free.
        play: Options of `arco play`.
        folder: Where the player's presets are kept.
        takes: Where takes are kept that are begun on the page.
        signals: That end it.
    """

    host: str
    port: int
    play: Sequence[str]
    folder: Path
    takes: Path
    signals: Iterable[signal.Signals] = ()


def hello(instrument: Instrument) -> dict[str, Any]:
    """What a page has to know of an instrument, as it can be written as JSON."""
    spec = instrument.spec
    laid_out = layouts(spec)
    return {
        "name": spec.name,
        "description": spec.description,
        "range": spec.pitch_range,
        "points": [
            {
                "at": [layout.places[index].round(4).tolist() for layout in laid_out.values()],
                "midi": point.midi,
                "velocity": velocity,
                "loudness": point.loudness,
                "dynamic": point.dynamic,
                "string": point.string,
                "vibrato": point.vibrato_cents,
            }
            for index, (point, (_, velocity)) in enumerate(
                zip(spec.map, as_bowed(spec), strict=True)
            )
        ],
        "layouts": [*laid_out],
        "examples": spec.encoder is not None,
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
        joined = _Joined(instrument, own, settings)
        hub, link = joined.hub, joined.link
        token = new_token()
        server = make_server(
            make_app(hub, Gate(settings.host, port), token, joined.takes.file, joined.examples)
        )
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
            await joined.takes.end()


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
        takes: That were recorded.
        examples: Recordings of notes that were dropped.
    """

    def __init__(self, instrument: Instrument, own: OwnPresets, settings: UiSettings) -> None:
        self.link = link = EngineLink(settings.play, self._heard, self._changed, self._noticed)
        self.examples = Examples(instrument, own, self._example)
        self._panel = Panel(instrument, own, self.link.send, examples=self.examples.of)
        self._spec = spec = instrument.spec
        surface = self._panel.surface
        reader = MessageReader(
            points=surface.points,
            axes=surface.axes,
            presets=len(spec.presets),
            layouts=surface.layouts,
        )
        self._recorded_since: float | None = None
        self._restored = 0
        self.takes = takes = Takes(settings.takes, instrument.folder, partial(self._tell, "takes"))
        self._devices = devices = Devices(link, partial(self._tell, "devices"))
        names = [axis.name for axis in spec.axes[:KNOBS]]
        panel = self._panel
        self._controllers = controllers = Controllers(names, link.send, panel.turn, panel.morph)
        more: dict[str, Callable[..., object]] = {
            "layout": self._lay_out,
            "learn": controllers.learn,
            "give_up": controllers.give_up,
            "forget": controllers.forget,
            "look": devices.look,
            "choose": devices.choose,
            "record": self._record,
            "render": takes.render,
            "delete": takes.delete,
        }
        self.hub = Hub(panel, reader, hello(instrument), more)
        self._relief = cache(
            lambda layout: {"layout": layout, **relief(instrument, surface.layouts[layout])}
        )
        self.hub.tell("relief", self._relief(surface.layout))
        takes.tell()
        devices.tell()

    def _tell(self, kind: str, content: Mapping[str, Any]) -> None:
        self.hub.tell(kind, content)

    def _lay_out(self, layout: str) -> None:
        self._panel.lay_out(layout)
        self.hub.tell("presets", self._panel.presets())
        self.hub.tell("relief", self._relief(layout))

    def _example(self) -> None:
        self.hub.tell("presets", self._panel.presets())

    def _record(self, *, on: bool) -> None:
        self.link.send("/record", int(on))

    def _recording(self, name: str) -> None:
        """A take has begun, or ended if it has no name."""
        self._recorded_since = time.monotonic() if name else None
        self.hub.tell("recording", {"name": name})
        self.takes.record(name)

    def _heard(self, address: str, values: list[Any]) -> None:
        if address == "/status":
            since = self._recorded_since
            recorded = None if since is None else round(time.monotonic() - since, 1)
            status = dict(zip(STATUS, values, strict=False))
            self.hub.tell("status", {**status, "recorded": recorded})
        elif address == "/voices":
            self.hub.tell("voices", {"voices": [*voices(values)]})
        elif address == "/recording":
            self._recording(str(values[0]))
        elif self._controllers.hear(address, values):
            self.hub.tell("controllers", self._controllers.state())

    def _changed(self, state: State) -> None:
        self.hub.tell("engine", state)
        if not state["running"] and not state.get("silent"):
            self._recording("")
        if state["running"] and self._restored != self.link.runs:
            self._restored = self.link.runs
            self._panel.restore(self._preset_of(state["about"]))
        self._devices.tell()

    def _preset_of(self, about: Mapping[str, Any]) -> int:
        """The preset that the process that plays has begun with."""
        name = about.get("preset")
        return self._spec.presets.index(self._spec.preset(name)) if name else 0

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
