"""What a shell gives and takes: streams that are closed or full, signals, pipes, odd names."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from instrument.cli.shell import Words, streams

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shells of Unix")

Arco = Callable[..., tuple[int, str, str]]
Files = Callable[[], dict[str, bytes | None]]
Refused = Callable[..., str]
Shell = Callable[[str], subprocess.CompletedProcess[bytes]]

ROOT = Path(__file__).parents[3]


def environment(instrument: Path) -> dict[str, str]:
    """In which ``$ARCO`` is the program, and ``$RENDER`` renders the song on the desk."""
    arco = f"{sys.executable} -m instrument.cli"
    more = f"--instrument {instrument} --tail 0.1"
    paths = {"PYTHONPATH": str(ROOT), "ARCO": arco, "RENDER": f"{arco} render {more}"}
    return {**os.environ, **paths}


@pytest.fixture
def sh(desk: Path, tiny_instrument: Path) -> Shell:
    """Runs a line of a shell on the desk."""
    return lambda line: subprocess.run(
        ["sh", "-c", line],
        cwd=desk,
        env=environment(tiny_instrument),
        capture_output=True,
        check=False,
    )


@pytest.fixture
def render(arco: Arco, tiny_instrument: Path) -> Arco:
    """``arco render`` with a short tail, and what a test adds."""
    return lambda *arguments: arco(
        "render", "--instrument", tiny_instrument, "--tail", "0.1", *arguments
    )


def is_sound(path: Path) -> bool:
    return bool(soundfile.info(path).frames > 4800)


# --- Words that nobody reads ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("$RENDER song.mid <&- >&- 2>&-", 0, b""),
        ("$RENDER song.mid 2>&-", 0, b""),
        ("$RENDER song.mid >/dev/full", 1, b"arco: standard output: cannot be written: No space"),
        ("{ $RENDER song.mid; echo status $? >&2; } | true", 0, b"status 1\n"),
        ("$RENDER letter.mid >/dev/full 2>/dev/full", 2, b""),
    ],
)
def test_the_sound_is_written_whatever_happens_to_the_words(
    sh: Shell, desk: Path, line: str, status: int, said: bytes
) -> None:
    if "/dev/full" in line and not Path("/dev/full").exists():
        pytest.skip("the system has no /dev/full")
    done = sh(line)
    assert done.returncode == status
    assert done.stderr.startswith(said)
    assert done.stderr.count(b"\n") == (1 if said else 0)
    assert status == 2 or is_sound(desk / "song.wav")


def test_words_wait_for_a_reader_who_is_slow() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    written = b"word " * 50_000
    with Words(writer, "wb") as words:
        process = subprocess.Popen(
            [sys.executable, "-c", "import sys; print(len(sys.stdin.read()))"],
            stdin=reader,
            stdout=subprocess.PIPE,
        )
        os.close(reader)
        assert words.write(written) == len(written)
        assert words.error is None
    assert process.communicate()[0] == b"250000\n"


def test_any_word_may_go_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, stream, None)
    with streams() as words:
        sys.stdout.write("caf\udce9")
        sys.stderr.write("caf\udce9")
        assert sys.stdin.read() == ""
    assert words is sys.stdin is sys.stdout is sys.stderr is None


# --- Signals -------------------------------------------------------------------------------------


def signalled(*numbers: int) -> Callable[..., None]:
    """A renderer that gets signals after a second of sound."""

    def render_score(*arguments: Any, **_: Any) -> None:
        write = arguments[3]
        write(np.zeros((2, 48_000), np.float32))
        try:
            signal.raise_signal(numbers[0])
        finally:
            for number in numbers[1:]:
                signal.raise_signal(number)

    return render_score


@pytest.mark.parametrize(
    ("numbers", "status"),
    [
        ([signal.SIGTERM], 143),
        ([signal.SIGHUP], 129),
        ([signal.SIGINT], 130),
        ([signal.SIGTERM, signal.SIGHUP, signal.SIGTERM], 143),
        ([signal.SIGINT, signal.SIGINT], 130),
    ],
)
def test_a_signal_leaves_nothing_and_gives_the_status_that_a_shell_expects(
    render: Arco,
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
    numbers: list[signal.Signals],
    status: int,
) -> None:
    monkeypatch.setattr("instrument.render.render_score", signalled(*numbers))
    handlers = [signal.getsignal(number) for number in numbers]
    before = files()
    assert render("song.mid", "--stems", "stems") == (status, "", "")
    assert files() == before
    assert [signal.getsignal(number) for number in numbers] == handlers


def test_a_signal_that_is_ignored_stays_ignored(
    render: Arco, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("instrument.render.render_score", signalled(signal.SIGHUP, signal.SIGTERM))
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert render("song.mid")[0] == 143
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_process_that_is_ended_while_it_writes_leaves_nothing(
    desk: Path, files: Files, tiny_instrument: Path
) -> None:
    before = files()
    line = "exec $ARCO render song.mid --tail 3600 --instrument " + str(tiny_instrument)
    process = subprocess.Popen(["sh", "-c", line], cwd=desk, env=environment(tiny_instrument))
    deadline = time.monotonic() + 60.0
    while not any(len(content or b"") > 100_000 for content in files().values()):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    process.terminate()
    assert process.wait(timeout=30.0) == 143
    assert files() == before


# --- Pipes ---------------------------------------------------------------------------------------


def test_a_pipe_goes_in_and_a_pipe_comes_out(sh: Shell, desk: Path) -> None:
    done = sh("$RENDER song.mid -o a.wav && cat song.mid | $RENDER - -o - | cat > b.wav")
    assert done.returncode == 0
    assert (desk / "b.wav").read_bytes() == (desk / "a.wav").read_bytes()
    assert done.stderr.startswith(b"standard output: ")


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Sets what comes from standard input."""
    return lambda data: monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_standard_input_can_be_rendered_into_a_file(
    render: Arco, desk: Path, given: Callable[[bytes], None]
) -> None:
    given((desk / "song.mid").read_bytes())
    status, out, err = render("-", "-o", "x.wav", "--stems", "parts")
    assert (status, err) == (0, "")
    assert out.startswith("x.wav: ")
    assert is_sound(desk / "x.wav")
    assert {path.name for path in (desk / "parts").iterdir()} == {
        "x-channel-01.wav",
        "x-channel-04.wav",
    }


def test_the_report_leaves_standard_output_to_the_sound(sh: Shell, desk: Path) -> None:
    done = sh("$RENDER song.mid -o - --json")
    assert done.returncode == 0
    (desk / "out.wav").write_bytes(done.stdout)
    assert soundfile.info(desk / "out.wav").duration == json.loads(done.stderr)["seconds"]


@pytest.mark.parametrize("data", [b"", b"Dear Sir,\n", b"MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0"])
def test_what_is_no_song_on_standard_input_is_refused(
    render: Arco, refused: Refused, given: Callable[[bytes], None], data: bytes
) -> None:
    given(data)
    assert refused(render, "-").startswith("standard input: ")


def test_files_may_be_called_like_standard_input(render: Arco, desk: Path) -> None:
    (desk / "song.mid").rename(desk / "-")
    assert render("./-", "-o", "./-.wav")[0] == 0
    assert is_sound(desk / "-.wav")


def test_a_terminal_is_neither_read_nor_given_a_sound(
    render: Arco, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    assert "is a terminal" in refused(render, "-")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "is a terminal" in refused(render, "song.mid", "-o", "-")


# --- Names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [b"caf\xe9", b"\xff\xfe", "弓".encode() * 82, b"a" * 251, b"-x"])
def test_any_file_name_is_read_and_written(
    render: Arco, desk: Path, tiny_instrument: Path, name: bytes
) -> None:
    song = os.fsencode(desk) + b"/" + name + b".mid"
    os.rename(desk / "song.mid", song)  # noqa: PTH104
    status, out, err = render(Path(os.fsdecode(song)), "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["notes"] == 2
    assert name + b".wav" in os.listdir(os.fsencode(desk))  # noqa: PTH208
    assert render(Path(os.fsdecode(song)))[0] == 0


@pytest.mark.skipif(sys.platform == "darwin", reason="folders there have names of text")
def test_a_folder_of_any_name_and_depth_is_written_into(render: Arco, desk: Path) -> None:
    folder = Path(os.fsdecode(b"\xff"), *["a" * 200] * 7)
    folder.mkdir(parents=True)
    for extra in ((), ("--stems", folder / "é\udcff")):
        status, _, err = render("song.mid", "-o", folder / "x.wav", *extra)
        assert (status, err) == (0, "")
    assert len(list(folder.rglob("*.wav"))) == 3


def test_a_name_doesn_t_steer_the_terminal(render: Arco, desk: Path) -> None:
    name = "a\x1b[2J\nb"
    (desk / "song.mid").rename(desk / f"{name}.mid")
    status, out, _ = render(f"{name}.mid")
    assert status == 0
    assert out.splitlines()[0].startswith("a\\x1b[2J b.wav: ")
    _, _, err = render(f"{name}.mid", "-o", f"nowhere/{name}.wav")
    assert (err.count("\n"), "\x1b" in err) == (1, False)


@pytest.mark.parametrize("name", ["-x.mid", "--x.mid", "-song"])
def test_a_name_that_looks_like_an_option_is_told_from_one(
    arco: Arco, desk: Path, refused: Refused, name: str
) -> None:
    (desk / "-song").write_text("")
    assert f"./{name}" in refused(arco, "render", name)


# --- Outputs that aren't ordinary files, and inputs ----------------------------------------------


def test_a_song_is_never_overwritten_by_its_own_sound(
    render: Arco, desk: Path, refused: Refused
) -> None:
    song = (desk / "song.mid").rename(desk / "x-channel-01.wav")
    (desk / "link.wav").symlink_to(song)
    for arguments in (
        (song.name,),
        (song.name, "-o", "link.wav"),
        ("link.wav", "-o", f"../{desk.name}/{song.name}"),
        (song.name, "-o", "x.wav", "--stems", "."),
    ):
        assert "is the file that is read" in refused(render, *arguments)


def test_a_device_and_a_fifo_take_the_sound_and_stay(
    render: Arco, sh: Shell, desk: Path, refused: Refused
) -> None:
    status, out, _ = render("song.mid", "-o", os.devnull)
    assert (status, Path(os.devnull).is_char_device()) == (0, True)
    assert out.startswith(os.devnull)
    assert render("song.mid", "-o", os.devnull, "--stems", "parts")[0] == 0
    assert is_sound(desk / "parts" / "null-channel-01.wav")
    assert sh("mkfifo f.wav; cat f.wav > g.wav & $RENDER song.mid -o f.wav; wait").returncode == 0
    assert (desk / "f.wav").is_fifo()
    assert is_sound(desk / "g.wav")
