"""A finger on the page in a browser: the one module that knows Playwright."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

from instrument.bench.live.programs import Program, event
from instrument.errors import UsageError, install

Browser: TypeAlias = Any  # these are of a package that may be missing
OpenPage: TypeAlias = Any

SIZE = {"width": 1280, "height": 900}
WITHIN_MS = 30_000
MARGIN = 0.06
"""A finger stays so far from the edges of the map, as a share of it."""

WATCH = """
const now = () => performance.timeOrigin + performance.now();
window.seen = [];
window.moves = "onpointerrawupdate" in window ? "pointerrawupdate" : "pointermove";
addEventListener(window.moves, (event) => {
  window.seen.push([performance.timeOrigin + event.timeStamp, now()]);
}, true);
"""
"""Notes when the browser had each move, and when the page was told of it, in ms."""


class Finger:
    """A finger that lies on the map of an open page.

    Attributes:
        ready_seconds: What the page took from its address to its keys.
    """

    def __init__(self, page: OpenPage, ready_seconds: float) -> None:
        self.ready_seconds = ready_seconds
        self._page = page
        self._box = page.locator("#map-canvas").bounding_box()
        self._ahead = min((self._look() for _ in range(20)), key=lambda found: found[0])[1]

    def _look(self) -> tuple[float, float]:
        """How long it takes to ask for the page's time, and how far that is ahead, in s."""
        before = time.perf_counter()
        page = self._page.evaluate("performance.timeOrigin + performance.now()") / 1000.0
        after = time.perf_counter()
        return after - before, page - (before + after) / 2.0

    def press(self, x: float, y: float) -> None:
        """Begin a note at a place of the map, in shares of it."""
        self._page.mouse.move(*self._at(x, y))
        self._page.mouse.down()
        self._wait("document.getElementById('voices').textContent === '1'")

    def move(self, x: float, y: float) -> tuple[float, float]:
        """Move there, with one event.

        Returns:
            When the browser had the event, and when the page's scripts were told, in seconds of
            ``time.perf_counter``.
        """
        self._page.evaluate("window.seen = []")
        self._page.mouse.move(*self._at(x, y))
        self._wait("window.seen.length > 0")
        had, told = self._page.evaluate("window.seen[0]")
        return had / 1000.0 - self._ahead, told / 1000.0 - self._ahead

    def lift(self) -> None:
        """End the note."""
        self._page.mouse.up()

    def drag(self, seconds: float) -> float:
        """Drag along a curve, an event in each frame of the screen; how many frames a second."""
        frames: float = self._page.evaluate(DRAG, [seconds, *self._box.values()])
        return frames

    @property
    def late_frames(self) -> int:
        """Control frames that were late, as the page shows it."""
        return int(self._page.inner_text("#late"))

    def _wait(self, condition: str) -> None:
        """Wait in the page, which lets no text be run that is made there."""
        frame = "await new Promise(requestAnimationFrame)"
        self._page.evaluate(f"async () => {{ while (!({condition})) {frame}; }}")

    def _at(self, x: float, y: float) -> tuple[float, float]:
        box, share = self._box, 1.0 - 2.0 * MARGIN
        return (
            box["x"] + box["width"] * (MARGIN + share * x),
            box["y"] + box["height"] * (MARGIN + share * y),
        )


DRAG = """async ([seconds, x, y, width, height]) => {
  const canvas = document.getElementById("map-canvas");
  const frame = () => new Promise(requestAnimationFrame);
  const begun = performance.now();
  let frames = 0;
  for (; performance.now() - begun < 1000 * seconds; frames++) {
    const at = frames / 20;
    canvas.dispatchEvent(new PointerEvent(window.moves, {
      bubbles: true, pointerId: 1, movementX: 2, movementY: 1,
      clientX: x + width * (0.5 + 0.4 * Math.cos(at)),
      clientY: y + height * (0.5 + 0.4 * Math.sin(1.3 * at)),
    }));
    await frame();
  }
  return frames / seconds;
}"""


def ui_command(instrument: str, take: Path) -> list[str]:
    """``arco ui`` on JACK, which records a take."""
    command = [sys.executable, "-m", "instrument.cli", "ui", "--instrument", instrument]
    return [
        *command,
        "--midi-in",
        "virtual",
        "--audio-out",
        "JACK",
        "--record",
        str(take),
        "--json",
    ]


def missing_browser() -> str:
    """What there isn't to open a page, as a sentence; nothing if all is there."""
    for module in ("playwright", "starlette", "uvicorn"):
        if find_spec(module) is None:
            return f"{module} isn't installed: {install('ui', 'playwright')}"
    if shutil.which("chromium") is None:
        return "the program chromium isn't installed: apt install chromium"
    return ""


def wait_for_address(arco: Program) -> str:
    """The address of the page, when it is served.

    Raises:
        UsageError: It ends instead.
    """
    why = "it says nothing"
    for line in arco.stdout or ():
        if event(line) is None:
            why = line.strip().removeprefix("arco: ")
        if '"address"' in line:
            address: str = json.loads(line)["address"]
            return address
    raise UsageError(f"'arco ui' doesn't start: {why}")


@contextmanager
def finger(address: str) -> Iterator[Finger]:
    """A finger on a page that is open in Chromium."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 (may be missing)

    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport=SIZE)
        page.set_default_timeout(WITHIN_MS)
        page.add_init_script(WATCH)
        begun = time.perf_counter()
        page.goto(address)
        page.wait_for_selector(".key")
        yield Finger(page, time.perf_counter() - begun)
        browser.close()
