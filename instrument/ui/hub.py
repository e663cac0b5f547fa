"""The pages that are open: each is told what changes, as fast as it reads and no faster."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from instrument.errors import ArcoError
from instrument.ui.messages import Malformed, MessageReader
from instrument.ui.panel import Panel

MOST_PAGES = 16
MOST_NOTICES = 20

MESSAGES_A_SECOND = 250
"""A page sends half as many while things are moved on it, and notes; what sends more is no page."""

MOST_MALFORMED = 20

FRAME_SECONDS = 1.0 / 60.0
CURVE_SECONDS = 1.0 / 25.0

KEPT = (
    "engine",
    "path",
    "state",
    "presets",
    "curves",
    "relief",
    "controllers",
    "devices",
    "recording",
    "takes",
)
"""What a page that opens is told at once."""


class Rate:
    """A bucket of so many messages that fills again within a second."""

    def __init__(self, now: float, most: float = MESSAGES_A_SECOND) -> None:
        self._most = self._left = most
        self._at = now

    def allows(self, now: float) -> bool:
        """Whether one more message is within the rate."""
        self._left = min(self._left + (now - self._at) * self._most, self._most)
        self._at = now
        self._left -= 1.0
        return self._left >= 0.0


class Page:
    """One page: what it has yet to be told, the latest of each kind."""

    def __init__(self) -> None:
        self._rate = Rate(time.monotonic())
        self._malformed = 0
        self._news: dict[str, str] = {}
        self._notices: deque[str] = deque(maxlen=MOST_NOTICES)
        self._told = asyncio.Event()

    def tell(self, kind: str, text: str) -> None:
        """Tell it; what it hasn't read of the same kind is forgotten, but for notices."""
        if kind == "notice":
            self._notices.append(text)
        else:
            self._news[kind] = text
        self._told.set()

    async def news(self) -> list[str]:
        """What it should be sent next, when there is something."""
        await self._told.wait()
        self._told.clear()
        texts = [*self._news.values(), *self._notices]
        self._news.clear()
        self._notices.clear()
        return texts

    def is_hostile(self, *, malformed: bool) -> bool:
        """Whether a page has just said more than any page says, or too much that means nothing."""
        self._malformed += malformed
        return not self._rate.allows(time.monotonic()) or self._malformed > MOST_MALFORMED


class Hub:
    """All pages of an instrument, and what they share.

    Attributes:
        panel: What they show.
    """

    def __init__(
        self,
        panel: Panel,
        reader: MessageReader,
        hello: Mapping[str, Any],
        more: Mapping[str, Callable[..., object]] | None = None,
    ) -> None:
        """Have no pages yet.

        Args:
            panel: What they show.
            reader: Of their messages.
            hello: What each is told first.
            more: What does what a message says that isn't for the panel, by its kind.
        """
        self._more = more or {}
        self.panel = panel
        self._reader = reader
        self._hello = _packed("hello", hello)
        self._pages: set[Page] = set()
        self._latest: dict[str, str] = {}
        self._curves_at = -math.inf
        self._curves_due = True
        self.tell("presets", panel.presets())

    # --- pages -------------------------------------------------------------------------------

    def enter(self) -> Page | None:
        """A page opens; None if too many are open."""
        if len(self._pages) >= MOST_PAGES:
            return None
        page = Page()
        self._pages.add(page)
        page.tell("hello", self._hello)
        for kind in KEPT:
            if kind in self._latest:
                page.tell(kind, self._latest[kind])
        return page

    def leave(self, page: Page) -> None:
        """A page has gone."""
        self._pages.discard(page)
        self.panel.leave(page)

    def take(self, page: Page, text: str) -> bool:
        """A page says something; False if it should be shown the door."""
        try:
            message = self._reader.read(text)
        except Malformed:
            return not page.is_hostile(malformed=True)
        if page.is_hostile(malformed=False):
            return False
        try:
            if message.kind in self._more:
                self._more[message.kind](**message.values)
            else:
                self.panel.handle(message, page)
        except ArcoError as error:
            page.tell("notice", _packed("notice", {"text": str(error)}))
        if message.kind in ("keep", "rename", "remove", "bring"):
            self.tell("presets", self.panel.presets())
        elif message.kind == "path":
            self.tell("path", message.values)
        return True

    # --- what they are told ------------------------------------------------------------------

    def tell(self, kind: str, content: Mapping[str, Any]) -> None:
        """Tell all pages, and those that open later if it is of a kind that is kept."""
        text = _packed(kind, content)
        if kind in KEPT:
            self._latest[kind] = text
        for page in self._pages:
            page.tell(kind, text)

    async def run(self) -> None:
        """Follow paths, and tell what has changed, sixty times a second."""
        while True:
            self.refresh(time.monotonic())
            await asyncio.sleep(FRAME_SECONDS)

    def refresh(self, now: float) -> None:
        """One round of ``run``."""
        self.panel.tick()
        if self.panel.changed:
            self.panel.changed = False
            self._curves_due = True
            self.tell("state", self.panel.state())
        if self._curves_due and now >= self._curves_at + CURVE_SECONDS:
            self._curves_due, self._curves_at = False, now
            self.tell("curves", self.panel.curves())


def _packed(kind: str, content: Mapping[str, Any]) -> str:
    return json.dumps({"kind": kind, **content}, separators=(",", ":"))


def voices(values: list[Any]) -> Iterator[dict[str, Any]]:
    """The voices of an OSC message: channel, key and seconds of each."""
    for first in range(0, len(values) - 2, 3):
        channel, key, seconds = values[first : first + 3]
        yield {"channel": channel, "key": key, "seconds": round(seconds, 3)}
