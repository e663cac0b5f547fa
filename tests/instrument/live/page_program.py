"""The program that serves the page and plays, as others than its page see it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tests.instrument.live.arco_program import ARCO, ENDS_WITHIN, STARTS_WITHIN

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.instrument.ui.served import Served


class Ui:
    """`arco ui`, or `arco play --ui`, as a program of its own.

    Attributes:
        address: Of its page.
    """

    def __init__(self, log: Path, *options: str, command: Sequence[str] = ("ui",)) -> None:
        self._log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [*ARCO, *command, "--json", *options],
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


def place_of(page: Page, x: float, y: float) -> tuple[float, float]:
    """A place on the screen: x and y are shares of the map."""
    box = page.locator("#map").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def show(page: Page, served: Served) -> None:
    """Open the page of a panel that plays nothing."""
    page.goto(served.address)
    page.wait_for_selector(".key")
