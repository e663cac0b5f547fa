"""Takes the pictures of the page that the documents show: ``python -m tests.pictures docs``.

It needs what the live tests need, Pillow, and a JACK server that runs, better without load: what
comes late is marked on the page.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from tests.instrument.live.page_program import Ui, place_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDTH, HEIGHT = 1280, 950
FRAMES, FRAME_MS = 48, 100
MOVING_WIDTH = 800
KEPT = {"slow and wide": (0.17, 0.2), "straight": (0.76, 0.52)}
TRIES = 8


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where ui.png and ui.webp are written")
    folder = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as own:
        os.environ["ARCO_CONFIG"] = own
        ui = Ui(Path(own, "log"), "--audio-out", "jack", "--midi-in", "virtual", "--takes", own)
        try:
            with _page(ui) as page:
                _still(page, folder / "ui.png")
                _moving(page, folder / "ui.webp")
        finally:
            ui.stop()


@contextmanager
def _page(ui: Ui) -> Iterator[Page]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 (slow)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(ui.address)
        page.wait_for_selector(".key")
        page.wait_for_timeout(600)
        _prepare(page)
        yield page
        browser.close()


def _prepare(page: Page) -> None:
    """Keep two presets and mark A and B there, without a sound."""
    page.uncheck("#sound")
    for (name, place), mark in zip(KEPT.items(), ("#mark-a", "#mark-b"), strict=True):
        page.mouse.click(*place_of(page, *place))
        page.click(mark)
        if not page.get_by_role("button", name=name, exact=True).count():
            page.fill("#keep-name", name)
            page.press("#keep-name", "Enter")
            page.get_by_role("button", name=name, exact=True).wait_for()
    page.check("#sound")


def _still(page: Page, path: Path) -> None:
    """The whole page with two notes and a morph; once more if something came late."""
    page.locator("#morph").fill("0.62")
    page.evaluate("document.activeElement.blur()")
    for _ in range(TRIES):
        for key in "ag":
            page.keyboard.down(key)
        page.wait_for_timeout(1200)
        late = page.locator(".bad").count()
        page.screenshot(path=path)
        for key in "ag":
            page.keyboard.up(key)
        if not late:
            return
        page.wait_for_timeout(5000)


def _moving(page: Page, path: Path) -> None:
    """The cursor is dragged along a curve, then morphed from B to A, while a note sounds."""
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.keyboard.down("a")
    shots = []
    page.mouse.move(*place_of(page, 0.5, 0.5))
    page.mouse.down()
    for frame in range(FRAMES):
        turn = 2.0 * math.pi * 1.25 * frame / FRAMES
        x, y = 0.5 - 0.36 * math.sin(turn), 0.5 - 0.3 * math.sin(1.6 * turn)
        page.mouse.move(*place_of(page, x, y))
        page.wait_for_timeout(FRAME_MS // 2)
        shots.append(page.screenshot())
    page.mouse.up()
    for frame in range(FRAMES // 2):
        share = 0.5 - 0.5 * math.cos(2.0 * math.pi * frame / (FRAMES // 2))
        page.locator("#morph").fill(f"{share:.2f}")
        page.wait_for_timeout(FRAME_MS // 2)
        shots.append(page.screenshot())
    page.keyboard.up("a")
    _write(shots, path)


def _write(shots: list[bytes], path: Path) -> None:
    frames = []
    for shot in shots:
        image = _opened(shot)
        height = round(image.height * MOVING_WIDTH / image.width)
        frames.append(image.resize((MOVING_WIDTH, height), Image.Resampling.LANCZOS))
    frames[0].save(
        path,
        save_all=True,
        append_images=frames[1:],
        duration=FRAME_MS,
        loop=0,
        quality=55,
        method=6,
    )


def _opened(shot: bytes) -> Image.Image:
    return Image.open(BytesIO(shot)).convert("RGB")


if __name__ == "__main__":
    main()
