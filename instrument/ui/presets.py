"""A player's own presets: named places of the latent space, kept in the user's config folder."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from instrument.arrays import Float32, Float64
from instrument.errors import OutputError, UsageError
from instrument.files import replacing

MOST = 200
LONGEST_NAME = 60
LARGEST_FILE = 1 << 20
FORMAT = 1
FARTHEST = 100.0
"""Coordinates of a latent, at most."""

JOINERS = "\u200c\u200d"
"""Characters without a width that are part of words, as in Persian, and of pictures."""

CONTROLS = ("Cc", "Cs", "Zl", "Zp")
"""Categories of what is no part of a name: control characters, half ones and ends of lines."""


def tidied(name: str) -> str:
    """A name as it is kept, so that no two look the same.

    Letters are one with their accents, spaces of all kinds one, and what has no width is left out.
    """
    composed = unicodedata.normalize("NFC", name)
    seen = (c for c in composed if c in JOINERS or unicodedata.category(c) != "Cf")
    return "".join(" " if unicodedata.category(c) == "Zs" else c for c in seen).strip()


def free_name(name: str, taken: Container[str]) -> str:
    """A tidy name, short enough, with a number if it is taken."""
    free, number = name[:LONGEST_NAME].strip(), 2
    while free in taken:
        ending = f" {number}"
        free, number = name[: LONGEST_NAME - len(ending)] + ending, number + 1
    return free


@dataclass(frozen=True)
class OwnPreset:
    """A named place.

    Attributes:
        name: What the player calls it.
        latent: [latent].
        note: Key and velocity of the recording that it was made from, if it was.
    """

    name: str
    latent: tuple[float, ...]
    note: tuple[int, int] | None = None

    @classmethod
    def at(
        cls, name: str, latent: Float32 | Float64, note: tuple[int, int] | None = None
    ) -> OwnPreset:
        """A place, [latent], as exactly as it is kept; its name is tidied."""
        return cls(tidied(name), tuple(round(float(value), 5) for value in latent), note)


class OwnPresets:
    """The presets of one instrument, in one file; no name becomes a part of a path.

    Attributes:
        path: Of the file.
        found: The presets, in the order in which they were kept.
    """

    def __init__(self, folder: Path, digest: str, dimensions: int) -> None:
        """Read those that were kept.

        Args:
            folder: The user's config folder, which needn't be there.
            digest: Of the instrument: places of another one mean nothing here.
            dimensions: Of its latent space.

        Raises:
            UsageError: The file can't be read, or holds something else.
        """
        self.path = folder / f"presets-{digest}.json"
        self._digest = digest
        self._dimensions = dimensions
        self.found: list[OwnPreset] = []
        self._look()

    def _look(self) -> None:
        """Read them again: another page may have kept some, in a process of its own."""
        try:
            with self.path.open("rb") as file:
                content = file.read(LARGEST_FILE)
        except FileNotFoundError:
            self.found = []
            return
        except OSError as error:
            raise UsageError(f"{self.path}: cannot be read: {error.strerror or error}") from None
        try:
            # What is longer is cut, and no JSON.
            self.found = self._read(json.loads(content))
        except (UsageError, ValueError, RecursionError) as error:
            raise UsageError(f"{self.path}: {error}; mend it or remove it") from None

    def named(self, name: str) -> OwnPreset:
        """The preset of a name.

        Raises:
            UsageError: There is none.
        """
        for preset in self.found:
            if preset.name == name:
                return preset
        raise UsageError(f"no preset is named {name!r}")

    def keep(self, preset: OwnPreset) -> None:
        """Keep a place; one of the same name is replaced where it stands.

        Raises:
            UsageError: The name is none, or there are too many; or the file can't be read any more.
            OutputError: It can't be written.
        """
        self._check(preset)
        self._look()
        self._write([*self._merged([preset])])

    def rename(self, name: str, new: str) -> None:
        """Give a preset another name.

        Raises:
            UsageError: There is none of that name, or one of the new name; or the file can't
                be read any more.
            OutputError: It can't be written.
        """
        new = tidied(new)
        self._look()
        old = self.named(name)
        renamed = replace(old, name=new)
        self._check(renamed)
        if new != name and any(preset.name == new for preset in self.found):
            raise UsageError(f"there is a preset named {new!r} already")
        self._write([renamed if preset is old else preset for preset in self.found])

    def remove(self, name: str) -> None:
        """Remove a preset.

        Raises:
            UsageError: There is none of that name; or the file can't be read any more.
            OutputError: It can't be written.
        """
        self._look()
        gone = self.named(name)
        self._write([preset for preset in self.found if preset is not gone])

    def exported(self) -> dict[str, Any]:
        """All of them as JSON, which ``bring`` takes."""
        return {
            "format": FORMAT,
            "instrument": self._digest,
            "presets": [
                {"name": p.name, "latent": list(p.latent), "note": p.note and list(p.note)}
                for p in self.found
            ],
        }

    def bring(self, presets: object) -> int:
        """Add presets that were exported; those of the same name are replaced.

        Args:
            presets: What was read from a file of somebody's; anything.

        Returns:
            How many there were in it.

        Raises:
            UsageError: It isn't what ``exported`` gives, or there would be too many; or the file
                can't be read any more.
            OutputError: They can't be written.
        """
        brought = self._read(presets)
        self._look()
        self._write([*self._merged(brought)])
        return len(brought)

    def _merged(self, new: Sequence[OwnPreset]) -> list[OwnPreset]:
        merged = {preset.name: preset for preset in self.found}
        merged.update({preset.name: preset for preset in new})
        if len(merged) > MOST:
            raise UsageError(f"there can be {MOST} presets at most: remove some")
        return [*merged.values()]

    def _read(self, content: object) -> list[OwnPreset]:
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise UsageError("these are no presets of Arco's")
        if content.get("instrument") != self._digest:
            raise UsageError("these presets were made for another instrument")
        listed = content.get("presets")
        if not isinstance(listed, list) or len(listed) > MOST:
            raise UsageError(f"presets should be a list of at most {MOST}")
        found: dict[str, OwnPreset] = {}
        for preset in map(self._one, listed):
            name = free_name(preset.name, found)  # in a file of somebody's two may have one
            found[name] = replace(preset, name=name)
        return [*found.values()]

    def _one(self, item: object) -> OwnPreset:
        if not isinstance(item, dict):
            raise UsageError("a preset should have a name and a latent")
        name, latent, note = item.get("name"), item.get("latent"), item.get("note")
        if not isinstance(name, str) or not isinstance(latent, list):
            raise UsageError("a preset should have a name and a latent")
        for number in latent:
            if isinstance(number, bool) or not isinstance(number, int | float):
                raise UsageError(f"preset {name!r:.80}: its place should be numbers")
            if not abs(number) <= FARTHEST:  # NaN isn't either
                raise UsageError(f"preset {name!r:.80}: its place is too far away")
        preset = OwnPreset(tidied(name), tuple(map(float, latent)), _note(note, name))
        self._check(preset)
        return preset

    def _check(self, preset: OwnPreset) -> None:
        name = preset.name
        controls = any(unicodedata.category(character) in CONTROLS for character in name)
        if controls or not name.strip(JOINERS + " ") or len(name) > LONGEST_NAME:
            raise UsageError(f"a preset's name should be a line of 1 to {LONGEST_NAME} characters")
        if len(preset.latent) != self._dimensions:
            raise UsageError(f"preset {name!r}: should have {self._dimensions} coordinates")

    def _write(self, presets: list[OwnPreset]) -> None:
        before, self.found = self.found, presets
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self.path) as beside:
                beside.write_text(json.dumps(self.exported(), indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            self.found = before
            raise OutputError(
                f"{self.path}: cannot be written: {error.strerror or error}"
            ) from error
        except OutputError:
            self.found = before
            raise


def _note(note: object, name: str) -> tuple[int, int] | None:
    """Key and velocity, if a preset has them.

    Raises:
        UsageError: They are something else.
    """
    if note is None:
        return None
    if isinstance(note, list) and len(note) == 2:
        key, velocity = note
        if type(key) is type(velocity) is int and key in range(128) and velocity in range(1, 128):
            return key, velocity
    raise UsageError(f"preset {name!r:.80}: its note should be a key and a velocity")
