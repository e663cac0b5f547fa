"""The wheel: what is in it, and that it renders from an environment of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from zipfile import ZipFile

import mido
import pytest
import soundfile

import instrument

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = "Scripts" if os.name == "nt" else "bin"

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints; without PYTHONPATH, which would let the checkout in."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts' folder of an environment with the wheel and what Arco depends on."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=ROOT)
    python = folder / SCRIPTS / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install")
    run(*pip, "--no-deps", "--no-index", "--disable-pip-version-check", wheel, cwd=ROOT)
    (site,) = {path.parent for path in folder.rglob("instrument/__init__.py")}
    # A path in a .pth file brings packages, but not what lies there as further .pth files: an
    # editable Arco stays outside.
    dependencies = site.parent / "dependencies.pth"
    dependencies.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder / SCRIPTS


def test_the_wheel_holds_two_packages_and_nothing_else_beside_its_metadata(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()
    info = f"arco-{instrument.__version__}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"instrument", "training", info}
    strange = [
        name for name in names if re.search(r"(^|/)(tests?|conftest|peers|__pycache__)\b", name)
    ]
    assert strange == []


def test_the_wheel_holds_every_exported_instrument_the_melody_and_the_page(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    exported = [path for path in (ROOT / "exported").rglob("*") if path.is_file()]
    assert len(exported) >= 8
    for path in exported:
        assert f"instrument/{path.relative_to(ROOT).as_posix()}" in names
    page = [path for path in (ROOT / "instrument/ui/static").iterdir() if path.is_file()]
    assert {f"instrument/ui/static/{path.name}" for path in page} <= names
    assert "instrument/melodies/londonderry_air.mid" in names
    assert {"instrument/py.typed", "training/py.typed"} <= names


def test_the_version_is_the_package_s(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        lines = archive.read(metadata).decode().splitlines()
    assert f"Version: {instrument.__version__}" in lines
    assert "License-Expression: MIT" in lines


def test_an_installed_arco_renders_from_an_empty_folder(environment: Path, tmp_path: Path) -> None:
    where = "import instrument; print(instrument.__file__)"
    found = Path(run(environment / "python", "-c", where, cwd=tmp_path).strip())
    assert found.is_relative_to(environment.parent.resolve())
    track = mido.MidiTrack(
        [mido.Message("note_on", note=69, velocity=90), mido.Message("note_off", note=69, time=240)]
    )
    mido.MidiFile(tracks=[track]).save(tmp_path / "note.mid")
    report = run(
        environment / "arco", "render", "note.mid", "--json", "--tail", "0.1", cwd=tmp_path
    )
    assert json.loads(report)["model"]["name"] == "violin"
    audio, rate = soundfile.read(tmp_path / "note.wav")
    assert rate == 48_000
    assert 0.01 < abs(audio).max() <= 1.0
    about = json.loads(run(environment / "arco", "info", "flute", "--json", cwd=tmp_path))
    assert about["name"] == "flute"
