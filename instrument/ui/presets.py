"""A player's own presets: named places of the latent space, kept in the user's config folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instrument.errors import OutputError, UsageError
from instrument.files import replacing

MOST = 200
LONGEST_NAME = 60
LARGEST_FILE = 1 << 20
FORMAT = 1
FARTHEST = 100.0
"""Coordinates of a latent, at most."""


@dataclass(frozen=True)
class OwnPreset:
    """A named place: latent [latent], and where that is on the map."""

    name: str
    latent: tuple[float, ...]
    x: float
    y: float


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
        try:
            with self.path.open("rb") as file:
                content = file.read(LARGEST_FILE)
        except FileNotFoundError:
            self.found: list[OwnPreset] = []
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
            UsageError: The name is none, or there are too many.
            OutputError: It can't be written.
        """
        self._check(preset)
        self._write([*self._merged([preset])])

    def rename(self, name: str, new: str) -> None:
        """Give a preset another name.

        Raises:
            UsageError: There is none of that name, or one of the new name.
            OutputError: It can't be written.
        """
        old = self.named(name)
        renamed = OwnPreset(new, old.latent, old.x, old.y)
        self._check(renamed)
        if new != name and any(preset.name == new for preset in self.found):
            raise UsageError(f"there is a preset named {new!r} already")
        self._write([renamed if preset is old else preset for preset in self.found])

    def remove(self, name: str) -> None:
        """Remove a preset.

        Raises:
            UsageError: There is none of that name.
            OutputError: It can't be written.
        """
        gone = self.named(name)
        self._write([preset for preset in self.found if preset is not gone])

    def exported(self) -> dict[str, Any]:
        """All of them as JSON, which ``bring`` takes."""
        return {
            "format": FORMAT,
            "instrument": self._digest,
            "presets": [
                {"name": p.name, "x": p.x, "y": p.y, "latent": list(p.latent)} for p in self.found
            ],
        }

    def bring(self, presets: object) -> int:
        """Add presets that were exported; those of the same name are replaced.

        Args:
            presets: What was read from a file of somebody's; anything.

        Returns:
            How many there were in it.

        Raises:
            UsageError: It isn't what ``exported`` gives, or there would be too many.
            OutputError: They can't be written.
        """
        brought = self._read(presets)
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
        return [self._one(item) for item in listed]

    def _one(self, item: object) -> OwnPreset:
        if not isinstance(item, dict):
            raise UsageError("a preset should have a name and a latent")
        name, latent = item.get("name"), item.get("latent")
        place = [item.get("x"), item.get("y")]
        if not isinstance(name, str) or not isinstance(latent, list):
            raise UsageError("a preset should have a name and a latent")
        for number in (*latent, *place):
            if isinstance(number, bool) or not isinstance(number, int | float):
                raise UsageError(f"preset {name!r:.80}: its place should be numbers")
            if not abs(number) <= FARTHEST:  # NaN isn't either
                raise UsageError(f"preset {name!r:.80}: its place is too far away")
        x, y = (float(number) for number in place if isinstance(number, int | float))
        preset = OwnPreset(name, tuple(map(float, latent)), x, y)
        self._check(preset)
        return preset

    def _check(self, preset: OwnPreset) -> None:
        name = preset.name
        if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
            raise UsageError(f"a preset's name should have 1 to {LONGEST_NAME} characters")
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
