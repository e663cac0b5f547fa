"""Where an instrument is exported to: nobody's files are lost, and nothing is half there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from instrument.cli import main
from instrument.errors import OutputError, UnknownName, UsageError
from instrument.files import check_writable
from instrument.model.spec import Source, read_spec
from training.data.features import FeatureCache
from training.export import onnx as export_module
from training.export.card import record_metrics, write_card
from training.export.destination import check_destination, exporting
from training.export.onnx import ExportSettings, describe_sources, export, usual_description
from training.fitting.loop import LoopSettings
from training.fitting.runs import save_network, write_run
from training.networks.envelope import ConditionalVAE
from training.networks.timbre import TimbreDecoder

Networks = tuple[ConditionalVAE, TimbreDecoder]
FILES = {"README.md", "encoder.onnx", "envelope.onnx", "instrument.json", "timbre.onnx"}


@pytest.fixture
def instrument(tiny_instrument: Path, tmp_path: Path) -> Path:
    """A copy of the tiny instrument with its card."""
    folder = Path(shutil.copytree(tiny_instrument, tmp_path / "tiny"))
    write_card(read_spec(folder), folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# --- Which folders ----------------------------------------------------------------------------

OTHERS: dict[str, Callable[[Path], object]] = {
    "a person's card": lambda f: (f / "README.md").write_text("# My songs\n"),
    "a card that is no text": lambda f: (f / "README.md").write_bytes(b"\xff\xfe\x00"),
    "another file": lambda f: (f / "song.mid").write_bytes(b""),
    "another folder": lambda f: (f / "songs").mkdir(),
    "another instrument.json": lambda f: (f / "instrument.json").write_text('{"my": "file"}'),
    "a text of that name": lambda f: (f / "instrument.json").write_text("my notes"),
    "a graph alone": lambda f: (f / "envelope.onnx").write_bytes(b"onnx"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_folder_with_a_persons_files_is_refused(kind: str, tmp_path: Path) -> None:
    OTHERS[kind](tmp_path)
    before = contents(tmp_path)
    with pytest.raises(OutputError, match=str(tmp_path)):
        check_destination(tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("below", ["", "a", "a/b/c"])
def test_a_file_is_refused_whatever_is_below_it(below: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with (
        pytest.raises(OutputError, match=r"file:? is a file"),
        exporting(tmp_path / "file" / below),
    ):
        pass
    assert contents(tmp_path) == {"file": b"mine"}


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "a/" * 3000])
def test_what_no_folder_can_be_called_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be"), exporting(tmp_path / name):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_new_or_empty_or_hidden_files_alone_is_taken(tmp_path: Path) -> None:
    check_destination(tmp_path / "a" / "b")
    check_destination(tmp_path)
    (tmp_path / ".git").mkdir()
    check_destination(tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        {},
        {"format": 2},
        {"axes": None},
        None,
    ],
)
def test_an_instrument_is_replaced_whatever_its_format_or_damage(
    damage: dict[str, Any] | None, instrument: Path
) -> None:
    path = instrument / "instrument.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    path.write_text("{cut" if damage is None else json.dumps(said | damage), encoding="utf-8")
    check_destination(instrument)
    (instrument / "README.md").write_text("# Mine\n")
    with pytest.raises(OutputError, match=r"README\.md: isn't a card that Arco wrote"):
        check_destination(instrument)


@pytest.mark.parametrize("name", ["violin", "violin-full", "flute", "flute-diet"])
def test_the_cards_that_ship_are_known(name: str) -> None:
    check_destination(Path(__file__).parents[3] / "exported" / name)


def test_metrics_are_not_recorded_over_a_persons_card(instrument: Path) -> None:
    (instrument / "README.md").write_text("# Mine\n")
    before = contents(instrument)
    with pytest.raises(OutputError, match="isn't a card"):
        record_metrics(instrument, {"cents_mae": 2.0})
    assert contents(instrument) == before


# --- All or nothing ---------------------------------------------------------------------------


def write_all(folder: Path) -> None:
    for name in FILES:
        (folder / name).write_text("new")


def fill_the_disk(folder: Path) -> None:
    write_all(folder)
    raise OSError(28, "No space left on device")


def test_other_files_beside_an_instrument_stay(instrument: Path) -> None:
    (instrument / "notes.txt").write_text("mine")
    with exporting(instrument) as made:
        write_all(made)
    assert contents(instrument) == {"notes.txt": b"mine"} | dict.fromkeys(FILES, b"new")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("moves", range(10))
def test_what_was_exported_before_comes_back(
    error: BaseException, moves: int, instrument: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, done, replace = contents(instrument), [0], Path.replace

    def failing(path: Path, target: Path) -> Path:
        done[0] += 1
        if done[0] == moves + 1:
            raise error
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises((OutputError, KeyboardInterrupt)), exporting(instrument) as made:
        write_all(made)
    assert contents(instrument) == before
    assert {path.name for path in instrument.iterdir()} == FILES


def test_a_new_folder_goes_again_with_those_above_it(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No space"), exporting(tmp_path / "a" / "b") as made:
        fill_the_disk(made)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way_of_a_file_is_said(instrument: Path) -> None:
    (instrument / "timbre.onnx").unlink()
    (instrument / "timbre.onnx" / "sub").mkdir(parents=True)
    with exporting(instrument) as made:
        write_all(made)
    assert (instrument / "timbre.onnx").read_text() == "new"


def test_a_full_disk_is_said_of_the_folder_that_was_named(tmp_path: Path) -> None:
    folder = tmp_path / "flute"
    with pytest.raises(OutputError, match=str(folder / "timbre.onnx")), exporting(folder) as made:
        check_writable(made / "timbre.onnx" / "sub")


@pytest.mark.parametrize(
    "broken", ["write_spec", "read_spec", "export_timbre", "parity", "measure_jitter"]
)
def test_an_export_that_fails_leaves_what_was_there(
    broken: str,
    instrument: Path,
    tiny_networks: Networks,
    synthetic_cache: FeatureCache,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = contents(instrument)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export_module, broken, fail)
    with pytest.raises(OutputError, match="No space left"):
        export(*tiny_networks, synthetic_cache, instrument, ExportSettings(name="other"))
    assert contents(instrument) == before


# --- What it is called ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ([], "flute"),
        ([""], "flute"),
        (["iowa"], "flute (iowa)"),
        (["a", "b", "c"], "flute (a, b, c)"),
        (["a", "b", "c", "d", "e"], "flute (a, b, c and 2 others)"),
    ],
)
def test_an_instrument_is_described_by_its_name_and_sources(sources: list[str], said: str) -> None:
    assert usual_description("flute", [Source(name, 1, "CC0") for name in sources]) == said


@pytest.mark.parametrize("text", ["a\nb", "\x1b[31mred", "a\0"])
def test_what_steers_a_terminal_is_no_description(text: str) -> None:
    with pytest.raises(UsageError, match="--description"):
        ExportSettings(description=text)
    with pytest.raises(UsageError, match="--name"):
        ExportSettings(name=text)


def test_a_licence_needs_its_source(synthetic_cache: FeatureCache) -> None:
    with pytest.raises(UnknownName, match="one, two"):
        describe_sources(synthetic_cache, ExportSettings(licences={"nosuch": "CC0"}))
    with pytest.raises(UnknownName, match="'one'"):
        describe_sources(synthetic_cache, ExportSettings(licences={"onee": "CC0"}))


# --- The command ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(
    tiny_networks: Networks,
    synthetic_cache: FeatureCache,
    tmp_path_factory: pytest.TempPathFactory,
) -> list[str]:
    """The arguments that export the tiny networks."""
    folder = tmp_path_factory.mktemp("trained")
    synthetic_cache.save(folder / "tiny.npz")
    for kind, network in zip(("conditional", "timbre"), tiny_networks, strict=True):
        write_run(folder / kind, kind, network, LoopSettings(steps=1))
        save_network(network, folder / kind)
    runs = ["--envelopes", str(folder / "conditional"), "--timbre", str(folder / "timbre")]
    return ["train", "export", str(folder / "tiny.npz"), *runs]


def test_an_instrument_is_exported_again_where_it_stands(
    trained: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "flute").mkdir()
    monkeypatch.chdir(tmp_path / "flute")
    assert main([*trained, "-o", "."]) == 0
    assert set(contents(tmp_path)) == {f"flute/{name}" for name in FILES}
    assert read_spec(Path()).description == "flute (one, two)"
    assert main([*trained, "-o", ".", "--description", "A flute", "--licence", "one=CC0"]) == 0
    assert read_spec(Path()).description == "A flute"
    assert "A flute: an instrument for Arco" in (tmp_path / "flute" / "README.md").read_text()
    assert set(contents(tmp_path)) == {f"flute/{name}" for name in FILES}


def test_the_timbre_of_an_instrument_is_taken_for_a_run(
    trained: list[str], tiny_instrument: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And an instrument's own, when it is exported over itself."""
    monkeypatch.chdir(tmp_path)
    before = (tiny_instrument / "timbre.onnx").read_bytes()
    for taken in (str(tiny_instrument), "new"):
        assert main([*trained, "-o", "new", "--timbre", taken]) == 0
        assert (tmp_path / "new" / "timbre.onnx").read_bytes() == before
    assert set(contents(tmp_path)) == {f"new/{name}" for name in FILES}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "."], "holds"),
        (["-o", "README.md"], "is a file"),
        (["-o", "README.md/sub"], "is a file"),
        (["-o", "x", "--licence", "nosuch=CC0"], "there is: one, two"),
        (["-o", "x", "--licence", "one"], "NAME=TEXT"),
        (["-o", "x", "--licence", "one="], "NAME=TEXT"),
        (["-o", "x", "--licence", "one=a", "--licence", "one=b"], "has one already"),
        (["-o", "x", "--description", "a\nb"], "one line"),
        (["-o", "x", "--envelopes", "nowhere"], "no training run here"),
        (["-o", "x", "--envelopes", "README.md"], "no training run here"),
        (["-o", "x", "--timbre", "README.md"], "no training run here"),
        (["-o", "x" * 300], "cannot be"),
    ],
)
def test_what_cannot_be_exported_is_one_line_and_leaves_nothing(
    arguments: list[str],
    said: str,
    trained: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("README.md").write_text("# Mine\n")
    assert main([*trained, *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert contents(tmp_path) == {"README.md": b"# Mine\n"}
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
