"""The cursor on the map: where it stands, what moves it, and the way back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from instrument.ui.keys import Send
from instrument.ui.motion import Motion
from instrument.ui.surface import Place, Surface

MOST_UNDONE = 100
GESTURE_SECONDS = 0.7
"""What moves the cursor again so soon belongs to one gesture, which is undone at once."""

GESTURES = ("move", "turn", "morph")


class Cursor:
    """A place on the surface; the instrument is told wherever it goes.

    Attributes:
        place: Where it is.
        placed: Whether notes are taken from there; else preset and chance decide.
    """

    def __init__(self, surface: Surface, send: Send, clock: Callable[[], float]) -> None:
        """Begin among the notes, with nothing placed.

        Args:
            surface: The map.
            send: Takes what the instrument is told.
            clock: In seconds.
        """
        self.place = surface.middle
        self.placed = False
        self._surface = surface
        self._send = send
        self._clock = clock
        self._rng = np.random.default_rng()
        self._point: int | None = None
        self._name: str | None = None
        self._marks: list[Place | None] = [None, None]
        self._share = 0.5
        self._motion: Motion | None = None
        self._before: deque[tuple[Place, bool]] = deque(maxlen=MOST_UNDONE)
        self._gesture, self._moved_at = "", -GESTURE_SECONDS

    @property
    def nearest(self) -> int:
        """The training note where it is, or the nearest one."""
        if self._point is not None:
            return self._point
        return self._surface.nearest(self.place.x, self.place.y)

    # --- by hand -----------------------------------------------------------------------------

    def move(self, x: float, y: float) -> None:
        """Go to a place of the map."""
        self._go("move", self._surface.at(x, y))

    def to_point(self, point: int) -> None:
        """Go to a training note."""
        self._go("point", self._surface.of_point(point))
        self._point = point

    def step(self, direction: str) -> None:
        """Go to the next training note in a direction; between notes, to the nearest one first."""
        if self._point is None:
            self.to_point(self.nearest)
        else:
            self.to_point(self._surface.neighbour(self._point, direction))

    def go(self, place: Place, name: str | None = None) -> None:
        """Go to a place that was kept, maybe under a name."""
        self._go("go", place)
        self._name = name

    def here(self) -> None:
        """Stay, and place the notes here."""
        self._go("here", self.place)

    def mark(self, end: int) -> None:
        """Put A, 0, or B, 1, here."""
        self._marks[end] = self.place

    def morph(self, share: float) -> None:
        """Go to λ A + (1 − λ) B, if both are marked."""
        a, b = self._marks
        self._share = share
        if a is not None and b is not None:
            self._go("morph", self._surface.morph(a, b, share))

    def turn(self, axis: int, position: float) -> None:
        """Turn one knob."""
        self._go("turn", self._surface.turned(self.place, axis, position))

    def random(self) -> None:
        """Go anywhere."""
        self._go("random", self._surface.anywhere(self._rng))

    def near(self) -> None:
        """Go somewhere near."""
        self._go("near", self._surface.near(self.place, self._rng))

    def free(self) -> None:
        """Leave the notes to preset and chance."""
        self._remember("free")
        self._motion = None
        self._let_go()

    def undo(self) -> None:
        """Go back to before the last gesture."""
        self._motion, self._gesture = None, ""
        if self._before:
            place, placed = self._before.pop()
            self._stand(place)
            if not placed:
                self._let_go()

    def lay_out(self, layout: str) -> None:
        """Show the map in another layout: what was placed stays what it is, at other places."""
        surface = self._surface
        surface.layout = layout

        def moved(place: Place) -> Place:
            return surface.of_latent(place.latent)

        self._motion = None
        self.place = moved(self.place) if self._point is None else surface.of_point(self._point)
        self._marks = [None if mark is None else moved(mark) for mark in self._marks]
        self._before = deque(
            ((moved(place), placed) for place, placed in self._before), maxlen=MOST_UNDONE
        )

    # --- along a path ------------------------------------------------------------------------

    def draw(self, path: list[tuple[float, float, float]], *, loops: bool) -> None:
        """Follow a path of (seconds, x, y), for ever or with each note."""
        self._remember("draw")
        self._motion = Motion.drawn(path, self._clock(), loops=loops)

    def rest(self) -> None:
        """Follow no path any more."""
        self._motion = None

    def note_begins(self) -> None:
        """A path that follows notes begins."""
        if self._motion is not None and not self._motion.loops:
            self._motion.begun = self._clock()
            self.tick()

    def tick(self) -> bool:
        """Go on along the path, if there is one; whether it moved."""
        if self._motion is None:
            return False
        now = self._clock()
        x, y = self._motion.at(now)
        if self._motion.over(now) and (x, y) == (self.place.x, self.place.y):
            return False
        self._stand(self._surface.at(x, y))
        return True

    # --- for others --------------------------------------------------------------------------

    def restore(self) -> None:
        """Tell an instrument that has begun anew where it is."""
        if self.placed:
            self._send("/latent", *map(float, self.place.latent))

    def state(self) -> dict[str, Any]:
        """What pages show of it, as it can be written as JSON."""
        place, motion = self.place, self._motion
        return {
            "x": round(place.x, 4),
            "y": round(place.y, 4),
            "layout": self._surface.layout,
            "placed": self.placed,
            "named": self._name,
            "point": self._point,
            "nearest": self.nearest,
            "knobs": [round(float(p), 3) for p in self._surface.positions(place)],
            "marks": [None if m is None else [round(m.x, 3), round(m.y, 3)] for m in self._marks],
            "share": self._share,
            "undo": len(self._before),
            "moving": None if motion is None else "loop" if motion.loops else "follow",
        }

    def _go(self, gesture: str, place: Place) -> None:
        self._remember(gesture)
        self._motion = None
        self._stand(place)

    def _remember(self, gesture: str) -> None:
        """Keep where it was, unless this goes on with the gesture before."""
        now = self._clock()
        goes_on = gesture in GESTURES and gesture == self._gesture
        if not goes_on or now - self._moved_at >= GESTURE_SECONDS:
            self._before.append((self.place, self.placed))
        self._gesture, self._moved_at = gesture, now

    def _stand(self, place: Place) -> None:
        self.place, self.placed, self._point, self._name = place, True, None, None
        self._send("/latent", *map(float, place.latent))

    def _let_go(self) -> None:
        self.placed = False
        self._send("/free")
