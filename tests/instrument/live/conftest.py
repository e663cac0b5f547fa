"""Real JACK servers without a sound card, programs that play on them, and a scheduler's stage."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from ctypes import CDLL
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from instrument.arrays import Float32
from instrument.audio import jack
from instrument.live import scheduler as control
from instrument.live.bindings import Binding
from instrument.live.inputs import Inputs
from instrument.model.graphs import Instrument
from tests.instrument.live.arco_program import Arco, capture
from tests.instrument.live.jack_programs import JackServer, MidiSource
from tests.instrument.live.page_program import Ui
from tests.instrument.live.stage import BLOCK, Stage, Time

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.instrument.ui.served import Served

CHROMIUM = shutil.which("chromium")
WITHIN_MS = 30_000

REQUIRED = "ARCO_REQUIRE_LIVE"
"""Set to 1 where the live tests must run: whatever is missing there is a failure."""


def missing() -> str | None:
    """What the live tests lack on this computer, or None."""
    if shutil.which("jackd") is None:
        return "jackd isn't installed (on Debian: apt-get install jackd2)"
    for module, package in {"rtmidi": "python-rtmidi", "jack": "JACK-Client"}.items():
        if find_spec(module) is None:
            return f"{package} isn't installed (pip install '.[live,test]')"
    return None


@pytest.fixture(scope="session")
def live_parts() -> None:
    """Skips a test that needs JACK where it is missing; fails it where it must not be."""
    reason = missing()
    if reason is None:
        return
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def make_jack_server(
    live_parts: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., JackServer]]:
    """Makes a server: (block=128, sample_rate=48_000, synchronous=True); it isn't started yet.

    Clients in this process and in those that it starts join the one that was made last.
    """
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    servers: list[JackServer] = []

    def make(
        block: int = 128, sample_rate: int = 48_000, *, synchronous: bool = True
    ) -> JackServer:
        server = JackServer(tmp_path / "jackd.log", block, sample_rate, synchronous=synchronous)
        monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
        servers.append(server)
        return server

    yield make
    for server in servers:
        server.remove()


@pytest.fixture
def jack_server(make_jack_server: Callable[..., JackServer]) -> JackServer:
    """A server that runs, with periods of 128 samples."""
    server = make_jack_server()
    server.start()
    return server


@pytest.fixture
def jack_library(live_parts: None) -> CDLL:
    """JACK's own library."""
    library = jack.load()
    assert library is not None
    return library


@pytest.fixture
def midi_source(
    make_jack_server: Callable[..., JackServer],
) -> Iterator[Callable[..., MidiSource]]:
    """Starts a program that sends MIDI: (client="Keys", *ports); its port is "out" by default.

    It joins the running server, and leaves before that one ends.
    """
    sources: list[MidiSource] = []

    def start(client: str = "Keys", *ports: str) -> MidiSource:
        sources.append(MidiSource(client, *ports))
        return sources[-1]

    yield start
    for source in sources:
        source.close()


@pytest.fixture
def only_jack(live_parts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out the ports that this computer really has."""
    import rtmidi  # noqa: PLC0415 (may be missing, which live_parts has looked at)

    monkeypatch.setattr(rtmidi, "get_compiled_api", list)


@pytest.fixture
def open_inputs(only_jack: None, jack_server: Any) -> Iterator[Callable[..., Inputs]]:
    """Opens inputs on a running server, all of them or those wanted; closes them in the end."""
    opened: list[Inputs] = []

    def open_inputs(wanted: str | None = None) -> Inputs:
        opened.append(Inputs(wanted))
        return opened[-1]

    yield open_inputs
    for inputs in opened:
        inputs.close()


@pytest.fixture
def make_stage(tiny: Instrument, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Stage]]:
    """Makes a stage: (jack=False, bindings=(), block=BLOCK)."""
    stages: list[Stage] = []

    def make(*, jack: bool = False, bindings: Sequence[Binding] = (), block: int = BLOCK) -> Stage:
        time = Time()
        monkeypatch.setattr(control, "time", time)
        stages.append(Stage(tiny, time, jack=jack, bindings=bindings, block=block))
        return stages[-1]

    yield make
    for stage in stages:
        stage.time.let_go()
        stage.scheduler.stop()


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    return make_stage()


@pytest.fixture
def arco(
    make_jack_server: Callable[..., Any], tiny_instrument: Path, tmp_path: Path
) -> Iterator[Callable[..., Arco]]:
    """Starts `arco play` with the tiny instrument, (*options, …), and ends it before the server."""
    running: list[Arco] = []

    def start(*options: str, instrument: Path = tiny_instrument, **chosen: Any) -> Arco:
        log = tmp_path / f"arco-{len(running)}.log"
        running.append(Arco(log, "--instrument", str(instrument), *options, **chosen))
        return running[-1]

    yield start
    for program in running:
        if program.runs:
            program.kill()


@pytest.fixture
def perform(tmp_path: Path) -> Callable[..., Float32]:
    """Sends events, [frame, byte…], through JACK and captures what is heard, [2, frames]."""
    return partial(capture, tmp_path / "captured.npz")


# --- the page ------------------------------------------------------------------------------------


@pytest.fixture
def ui(
    make_jack_server: Callable[..., Any],
    tiny_instrument: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Ui]:
    # A client that is killed would hold up a synchronous one.
    make_jack_server(synchronous=False).start()
    monkeypatch.setenv("ARCO_CONFIG", str(tmp_path / "config"))
    options = ["--instrument", str(tiny_instrument), "--record", str(tmp_path / "take.mid")]
    options += ["--midi-in", "virtual", "--takes", str(tmp_path / "takes")]
    program = Ui(tmp_path / "ui.log", *options)
    yield program
    program.stop()


@pytest.fixture(scope="module")
def browser(live_parts: None) -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 (only pages need it)

    if CHROMIUM is None:
        missing = "chromium isn't installed (on Debian: apt-get install chromium)"
        (pytest.fail if os.environ.get(REQUIRED) == "1" else pytest.skip)(missing)
    with sync_playwright() as playwright:
        # As root, as in a container, Chromium's own sandbox can't be set up.
        options = ["--no-sandbox"] if os.getuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture
def opened(ui: Ui, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens the page, of `ui` or another program, which may report no error while it is open."""
    from playwright.sync_api import expect  # noqa: PLC0415 (the same)

    expect.set_options(timeout=WITHIN_MS)
    errors: list[str] = []
    pages: list[Page] = []

    def open_page(program: Ui = ui) -> Page:
        page = browser.new_page(viewport={"width": 1280, "height": 1100})
        pages.append(page)
        page.set_default_timeout(WITHIN_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("requestfailed", lambda request: errors.append(request.url))
        page.goto(program.address)
        expect(page.locator(".key").first).to_be_visible()
        expect(page.locator("#trouble")).to_be_hidden()
        return page

    yield open_page
    for page in pages:
        page.close()
    assert errors == []


@pytest.fixture
def served(tiny: Instrument, tmp_path: Path) -> Iterator[Served]:
    """The page of a panel that plays nothing."""
    from tests.instrument.ui.served import served_panel  # noqa: PLC0415 (only pages need it)

    with served_panel(tiny, tmp_path) as served:
        yield served


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page."""
    page = browser.new_page(viewport={"width": 1280, "height": 1100})
    page.set_default_timeout(WITHIN_MS)
    yield page
    page.close()
