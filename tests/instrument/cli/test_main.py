"""``arco`` itself: version, help, refusals, and handing over to the training side."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from instrument import __version__, cli
from instrument.cli import train as train_command

COMMANDS = ("render", "demo", "play", "devices", "info", "bench", "train")

Arco = Callable[..., tuple[int, str, str]]
Refused = Callable[..., str]


def run_in_shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", script],
        cwd=folder,
        env=os.environ | {"ARCO": f"{sys.executable} -m instrument.cli"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_broken_pipe_is_quiet(tiny_instrument: Path) -> None:
    root = Path(cli.__file__).parents[2]
    for command in ("--version", f"info {tiny_instrument}"):
        assert run_in_shell(f"$ARCO {command} | true", root).stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="all file names are text there")
def test_a_file_name_that_is_no_text_can_be_said(arco: Arco) -> None:
    status, _, err = arco("render", os.fsdecode(b"\xff.mid"))
    assert status == 2
    assert "\\udcff.mid" in err


def test_the_version_and_the_help(arco: Arco) -> None:
    assert arco("--version") == (0, f"arco {__version__}\n", "")
    for arguments in ((), ("--help",)):
        status, out, _ = arco(*arguments)
        assert status == 0
        assert all(command in out for command in COMMANDS)


@pytest.mark.parametrize(("signal", "status"), [(KeyboardInterrupt(), 130), (SystemExit(143), 143)])
@pytest.mark.parametrize("kind", [ImportError, RuntimeError])
def test_a_signal_during_an_import_ends_quietly(
    arco: Arco,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Exception],
    signal: BaseException,
    status: int,
) -> None:
    def app(**_: object) -> None:
        raise kind("initialization failed") from signal

    monkeypatch.setattr(cli, "app", app)
    assert arco("render", "song.mid") == (status, "", "")


def test_an_unknown_command_is_refused_in_one_line(arco: Arco, refused: Refused) -> None:
    assert "rendr" in refused(arco, "rendr")


def test_training_without_torch_says_what_to_install(
    arco: Arco, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_command, "find_spec", lambda _: None)
    assert "pip install '.[train]'" in refused(arco, "train", "prepare")


def test_what_training_lacks_when_it_is_needed_is_named(
    arco: Arco, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    def app(**_given: object) -> None:
        raise ModuleNotFoundError("No module named 'torchcrepe'", name="torchcrepe")

    training = ModuleType("training.cli")
    training.app = app  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "training.cli", training)
    said = refused(arco, "train", "prepare")
    assert "training needs torchcrepe, which isn't here: pip install '.[train]'" in said


def test_train_passes_everything_on(arco: Arco, monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[list[str]] = []
    training = ModuleType("training.cli")
    training.app = lambda args, **_: passed.append(args)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "training.cli", training)
    typed = ("--help", "prepare", "-o", "x", "--steps=3", "--", "-odd", "--json")
    assert arco("train", *typed)[0] == 0
    assert arco("train", *typed[1:])[0] == 0
    assert passed == [list(typed), list(typed[1:])]


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    heavy = "{'numba', 'numpy', 'onnxruntime', 'soundfile', 'rich.progress', 'torch'}"
    script = f"import sys, instrument.cli; sys.exit(', '.join({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.stderr.decode().strip() == ""
