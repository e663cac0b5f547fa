"""The real page, in Chromium, on a real engine on a JACK server."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from threading import Thread
from typing import Any, Literal

import pytest

from instrument.arrays import Float32
from instrument.midi.events import Latent, NoteOff, NoteOn
from instrument.midi.score import read_score
from instrument.model.graphs import Instrument
from tests.instrument.live.arco_program import ARCO, ENDS_WITHIN, STARTS_WITHIN, loudest
from tests.instrument.live.conftest import REQUIRED

pytest.importorskip("starlette")
pytest.importorskip("playwright")
pytest.importorskip("axe_playwright_python")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

pytestmark = pytest.mark.live

CHROMIUM = shutil.which("chromium")
WITHIN_MS = 30_000


class Ui:
    """`arco ui` as a program of its own.

    Attributes:
        address: Of its page.
    """

    def __init__(self, log: Path, *options: str) -> None:
        self._log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [*ARCO, "ui", "--json", "--midi-in", "virtual", *options],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        until = time.monotonic() + STARTS_WITHIN
        while "address" not in (said := log.read_text()):
            assert self._process.poll() is None, said
            assert time.monotonic() < until, said
            time.sleep(0.05)
        self.address: str = json.loads(said.splitlines()[-1])["address"]

    def kill_engine(self) -> None:
        """End the process that plays, without a chance to clean up."""
        pid = self._process.pid
        (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.kill(int(child), signal.SIGKILL)

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        assert self._process.wait(ENDS_WITHIN) == 0, self._log.read_text()


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
    program = Ui(tmp_path / "ui.log", *options)
    yield program
    program.stop()


@pytest.fixture
def browser(live_parts: None) -> Iterator[Browser]:
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
def opened(ui: Ui, browser: Browser) -> Iterator[Callable[[], Page]]:
    """Opens the page, which may report no error while it is open."""
    errors: list[str] = []

    def open_page() -> Page:
        page = browser.new_page(viewport={"width": 1280, "height": 1100})
        page.set_default_timeout(WITHIN_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("requestfailed", lambda request: errors.append(request.url))
        page.goto(ui.address)
        expect(page.locator(".key").first).to_be_visible()
        expect(page.locator("#trouble")).to_be_hidden()
        return page

    yield open_page
    assert errors == []


def place_of(page: Page, x: float, y: float) -> tuple[float, float]:
    """A place on the screen: x and y are shares of the map."""
    box = page.locator("#map").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def test_it_can_be_read_by_all_at_any_width(opened: Callable[[], Page]) -> None:
    page = opened()
    page.click("#notes summary")
    expect(page.get_by_role("button", name="Play").first).to_be_visible()
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for width, scheme in product((390, 1280), schemes):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        violations = Axe().run(page).response["violations"]
        assert [violation["id"] for violation in violations] == []


def test_the_map_is_played_by_hand(
    ui: Ui,
    opened: Callable[[], Page],
    perform: Callable[..., Float32],
    tmp_path: Path,
) -> None:
    page = opened()
    heard: list[Float32] = []
    listening = Thread(target=lambda: heard.append(perform([], 3.0)))
    listening.start()
    page.mouse.move(*place_of(page, 0.03, 0.03))
    page.mouse.down()
    for step in range(60):
        page.mouse.move(*place_of(page, 0.03 + 0.015 * step, 0.03 + 0.01 * step))
    expect(page.locator("#voices")).to_have_text("1")
    page.mouse.up()
    expect(page.locator("#voices")).to_have_text("0")
    listening.join()
    page.close()
    ui.stop()
    assert loudest(heard[0]) > 0.01
    events = [timed.event for timed in read_score(tmp_path / "take.mid").events]
    places = {event.values for event in events if isinstance(event, Latent)}
    assert len(places) > 20
    assert [type(event) for event in events if isinstance(event, NoteOn | NoteOff)] == [
        NoteOn,
        NoteOff,
    ]


def test_the_map_is_played_by_keyboard(
    ui: Ui, opened: Callable[[], Page], tiny: Instrument, tmp_path: Path
) -> None:
    page = opened()
    page.locator("#map").focus()
    for arrow in ("ArrowLeft", "ArrowUp", "ArrowRight"):
        page.keyboard.press(arrow)
    expect(page.locator("#said")).to_contain_text("vibrato")
    page.keyboard.down("Enter")
    expect(page.locator("#voices")).to_have_text("1")
    page.keyboard.up("Enter")
    expect(page.locator("#voices")).to_have_text("0")
    page.close()
    ui.stop()
    events = [timed.event for timed in read_score(tmp_path / "take.mid").events]
    *_, place = [event for event in events if isinstance(event, Latent)]
    (note,) = [event for event in events if isinstance(event, NoteOn)]
    points = [point for point in tiny.spec.map if point.midi == note.key]
    assert any(place.values == pytest.approx(point.latent, abs=1e-5) for point in points)


def test_two_pages_morph_and_keep_presets(opened: Callable[[], Page]) -> None:
    one, two = opened(), opened()
    one.mouse.click(*place_of(one, 0.2, 0.3))
    one.click("#mark-a")
    one.mouse.click(*place_of(one, 0.8, 0.6))
    one.click("#mark-b")
    expect(two.locator("#morph")).to_be_enabled()
    two.locator("#morph").fill("0.25")
    expect(one.locator("#share")).to_have_text("λ = 0.75")
    one.fill("#keep-name", "between")
    one.press("#keep-name", "Enter")
    expect(two.locator("#own .recall")).to_have_text("between")
    two.reload()
    two.get_by_label("Delete between").click()
    expect(one.locator("#own .recall")).to_have_count(0)


def test_nothing_hangs_when_a_page_is_reloaded(opened: Callable[[], Page]) -> None:
    one, two = opened(), opened()
    one.locator("body").press("Escape")
    one.keyboard.down("a")
    one.keyboard.down("d")
    expect(two.locator("#voices")).to_have_text("2")
    one.reload()
    expect(two.locator("#voices")).to_have_text("0")


def test_an_engine_that_dies_comes_back(ui: Ui, opened: Callable[[], Page]) -> None:
    page = opened()
    ui.kill_engine()
    expect(page.locator("#trouble")).to_be_visible()
    expect(page.locator("#trouble")).to_be_hidden(timeout=1000 * STARTS_WITHIN)
    page.locator("body").press("Escape")
    page.keyboard.down("a")
    expect(page.locator("#voices")).to_have_text("1")
    page.keyboard.up("a")
    expect(page.locator("#voices")).to_have_text("0")
