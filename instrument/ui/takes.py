"""Takes on the page: what was recorded, rendered in the background, heard, fetched and deleted."""

from __future__ import annotations

import asyncio
import re
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from instrument.errors import OutputError, UsageError
from instrument.midi.take import take_seconds
from instrument.programs import python_program

RENDERER = python_program(
    "from instrument.ui.rendering import main; from pathlib import Path; "
    "raise SystemExit(main(*map(Path, sys.argv[1:4])))"
)

NAME = re.compile(r"take-\d{4}-\d\d-\d\d-\d{6}(-\d{1,6})?")
"""Of a take as ``live.takes`` names it: nothing else in the folder is shown, served or deleted."""

TYPES = {".mid": "audio/midi", ".wav": "audio/wav"}
MOST = 200


class Takes:
    """The takes in a folder; no name leads out of it."""

    def __init__(
        self, folder: Path, instrument: Path, tell: Callable[[Mapping[str, Any]], None]
    ) -> None:
        """Show a folder.

        Args:
            folder: Of the takes; it needn't be there.
            instrument: Folder of the instrument that played them.
            tell: Takes what there is.
        """
        self._folder = folder
        self._instrument = instrument
        self._tell = tell
        self._listed: list[dict[str, Any]] = []
        self._recording = ""
        self._rendering = ""
        self._share = 0.0
        self._error = ""
        self._task: asyncio.Task[None] | None = None

    def tell(self) -> None:
        """Look what there is, and tell it, the newest first, and how far rendering is."""
        self._listed = [*map(self._about, self._names()[:MOST])]
        self._report()

    def _report(self) -> None:
        """Tell how far rendering is, and what takes there were: many aren't read in no time."""
        self._tell(
            {
                "folder": str(self._folder),
                "takes": self._listed,
                "rendering": self._rendering,
                "share": round(self._share, 3),
                "error": self._error,
            }
        )

    def record(self, name: str) -> None:
        """A take has begun, which isn't shown before it has ended: then its name is empty."""
        self._recording = name
        self.tell()

    def file(self, name: str) -> tuple[Path, str] | None:
        """A file that may be fetched, and its type; None if there is none of this name."""
        path = self._folder / name
        if not NAME.fullmatch(path.stem) or path.name != name or path.suffix not in TYPES:
            return None
        if path.is_symlink() or not path.is_file():
            return None
        return path, TYPES[path.suffix]

    def delete(self, name: str) -> None:
        """Delete a take, and what was rendered of it.

        Raises:
            UsageError: There is none of this name, or it is being rendered.
            OutputError: The system refuses.
        """
        path = self._take(name)
        if name == self._rendering:
            raise UsageError("it is being rendered: wait until that is done")
        try:
            for each in (path.with_suffix(".wav"), path):
                if not each.is_symlink():
                    each.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{name}: cannot be deleted: {error.strerror or error}") from error
        self.tell()

    def render(self, name: str) -> None:
        """Render a take beside it, in the background.

        Raises:
            UsageError: There is none of this name, or another one is being rendered.
        """
        path = self._take(name)
        if self._rendering:
            raise UsageError("another take is being rendered: wait until that is done")
        self._rendering, self._share, self._error = name, 0.0, ""
        self._task = asyncio.get_running_loop().create_task(self._render(path))
        self._report()

    async def end(self) -> None:
        """Let nothing go on in the background."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _render(self, path: Path) -> None:
        arguments = (str(path), str(path.with_suffix(".wav")), str(self._instrument))
        process = await asyncio.create_subprocess_exec(
            *RENDERER, *arguments, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
        )
        try:
            assert process.stdout is not None  # noqa: S101 (a pipe)
            assert process.stderr is not None  # noqa: S101 (a pipe)
            async for line in process.stdout:
                with suppress(ValueError):
                    self._share = float(line)
                    self._report()
            said = (await process.stderr.read()).decode(errors="replace").strip()
            if await process.wait() != 0:
                self._error = said.splitlines()[-1] if said else "rendering failed"
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()
            self._rendering = ""
            self.tell()

    def _take(self, name: str) -> Path:
        found = self.file(name)
        if found is None or found[0].suffix != ".mid" or name == self._recording:
            raise UsageError("there is no such take any more")
        return found[0]

    def _names(self) -> list[str]:
        try:
            names = [path.name for path in self._folder.iterdir() if path.suffix == ".mid"]
        except OSError:
            return []
        shown = (name for name in names if name != self._recording and self.file(name))
        return sorted(shown, reverse=True)

    def _about(self, name: str) -> dict[str, Any]:
        sound = Path(name).with_suffix(".wav").name
        seconds = take_seconds(self._folder / name)
        return {
            "name": name,
            "seconds": None if seconds is None else round(seconds, 1),
            "sound": sound if self.file(sound) else None,
        }
