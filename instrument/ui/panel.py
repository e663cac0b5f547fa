"""What all pages share: the cursor, the keys, the presets; and what their messages do."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np

from instrument.model.graphs import Instrument
from instrument.ui.cursor import Cursor
from instrument.ui.curves import Curves
from instrument.ui.keys import Keys, Send, as_bowed
from instrument.ui.messages import Message
from instrument.ui.presets import OwnPreset, OwnPresets
from instrument.ui.surface import Place, Surface

FIRST_VELOCITY = 90


class Panel:
    """The state of the surface that is played.

    Attributes:
        surface: The map.
        changed: Whether pages show something else than this.
    """

    def __init__(
        self,
        instrument: Instrument,
        own: OwnPresets,
        send: Send,
        clock: Callable[[], float] = time.monotonic,
        examples: Callable[[OwnPreset], object] = lambda _preset: None,
    ) -> None:
        """Begin with nothing placed and no key down.

        Args:
            instrument: That is played.
            own: The player's presets.
            send: Takes what the instrument is told, at once.
            clock: In seconds.
            examples: What pages are told of the recording that a preset was made from.
        """
        self.surface = Surface(instrument.spec)
        self.changed = True
        self._send = send
        self._own = own
        self._examples = examples
        self._preset: int | None = None
        self._silenced = 0
        self._curves = Curves(instrument)
        self._bowed = as_bowed(instrument.spec)
        self._keys = Keys(send, sum(instrument.spec.pitch_range) // 2, FIRST_VELOCITY)
        self._cursor = cursor = Cursor(self.surface, send, clock)
        self._does: Mapping[str, Callable[..., object]] = {
            "move": cursor.move,
            "point": cursor.to_point,
            "step": cursor.step,
            "here": cursor.here,
            "mark": cursor.mark,
            "morph": cursor.morph,
            "knob": cursor.turn,
            "random": cursor.random,
            "near": cursor.near,
            "undo": cursor.undo,
            "free": cursor.free,
            "path": cursor.draw,
            "rest": cursor.rest,
            "panic": self._panic,
            "preset": self._choose,
            "keep": self._keep,
            "recall": self._recall,
            "rename": self._rename,
            "remove": own.remove,
            "bring": own.bring,
        }

    # --- what pages say ----------------------------------------------------------------------

    def handle(self, message: Message, page: Hashable) -> None:
        """Do what a page says.

        Raises:
            ArcoError: Of presets, in a sentence for whoever plays.
        """
        if message.kind == "note":
            self._note(page, **message.values)
        elif message.kind == "strike":
            self._strike(page, **message.values)
        else:
            self._does.get(message.kind, _nothing)(**message.values)
        self.changed = True

    def leave(self, page: Hashable) -> None:
        """A page has gone: the notes that it held end."""
        self._keys.leave(page)
        self._strike(page, down=False)
        self.changed = True

    def _note(self, page: Hashable, key: int, velocity: int) -> None:
        if velocity == 0:
            self._keys.release(page, key)
        else:
            self._cursor.note_begins()
            self._keys.press(page, key, velocity)

    def _strike(self, page: Hashable, *, down: bool) -> None:
        """Play the training note at the cursor as it was bowed, or let it go."""
        striking = page, "strikes"  # it may hold the same key in another way, too
        self._keys.leave(striking)
        if down:
            self._note(striking, *self._bowed[self._cursor.nearest])

    def _panic(self) -> None:
        self._cursor.rest()
        self._silence()

    def _silence(self) -> None:
        """No key is down any more, whatever pages hold; they see that the number has changed."""
        self._silenced += 1
        self._keys.forget()
        self._send("/panic")

    def _choose(self, preset: int) -> None:
        self._preset = preset
        self._send("/preset", preset)

    def _keep(self, name: str) -> None:
        self._own.keep(OwnPreset.at(name, self._cursor.place.latent))

    def _recall(self, name: str) -> None:
        preset = self._own.named(name)
        self._cursor.go(self._place(preset), name)
        if preset.note is not None:  # the curves of its recording are those of that note
            self._keys.key, self._keys.velocity = preset.note

    def _place(self, preset: OwnPreset) -> Place:
        return self.surface.of_latent(np.array(preset.latent))

    def _rename(self, name: str, new: str) -> None:
        self._own.rename(name, new)

    # --- what goes on ------------------------------------------------------------------------

    def tick(self) -> None:
        """Follow a path that was drawn."""
        self.changed |= self._cursor.tick()

    def turn(self, axis: int, position: float) -> None:
        """Do what a controller does that turns a knob: the same as the page's slider."""
        self._cursor.turn(axis, position)
        self.changed = True

    def morph(self, share: float) -> None:
        """Do what a controller does that moves λ."""
        self._cursor.morph(share)
        self.changed = True

    def lay_out(self, layout: str) -> None:
        """Show the map in another layout."""
        self._cursor.lay_out(layout)
        self.changed = True

    def restore(self, preset: int = 0) -> None:
        """Tell an instrument that has begun anew what was set; what was held sounds no more.

        Args:
            preset: That it has begun with.
        """
        self._silence()
        if self._preset is None:
            self._preset = preset
        elif self._preset != preset:
            self._send("/preset", self._preset)
        self._cursor.restore()
        self.changed = True

    # --- what pages are told -----------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """What pages show, as it can be written as JSON."""
        keys = self._keys
        about = {"preset": self._preset or 0, "held": keys.held, "key": keys.key}
        return {**self._cursor.state(), **about, "silenced": self._silenced}

    def presets(self) -> dict[str, Any]:
        """The player's own presets, with their places on the map."""
        found = self._own.found
        places = [self._place(preset) for preset in found]
        return {
            **self._own.exported(),
            "places": [[round(place.x, 4), round(place.y, 4)] for place in places],
            "examples": [self._examples(preset) for preset in found],
        }

    def curves(self) -> dict[str, Any]:
        """The curves of the last note as they are at the cursor."""
        return self._curves.at(self._cursor.place, self._keys.key, self._keys.velocity)


def _nothing(**_values: object) -> None:
    """What the panel does about a message that is for others."""
