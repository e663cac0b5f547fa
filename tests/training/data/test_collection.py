"""Recordings from several places become one folder with one CSV."""

from __future__ import annotations

from pathlib import Path

import pytest

from instrument.errors import OutputError, RecordingError
from training.data.collection import collect
from training.data.label_tables import LABELS
from training.data.readers import read_labels


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two folders of files that look like audio: one labelled by a CSV, one by its names."""
    monkeypatch.chdir(tmp_path)
    for name in ("a/deep/one.wav", "a/two.wav", "b/violin_A4_1_forte_arco-normal.mp3"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    rows = "file,midi,source\ndeep/one.wav,60,studio\ngone.wav,61,\n"
    (tmp_path / "a" / "notes.csv").write_text(rows)
    return tmp_path


def found(folder: Path) -> dict[str, tuple[int, str, str]]:
    """Name of a recording → its pitch, its source and what is in it."""
    read = read_labels(folder, "csv").labels
    return {label.name: (label.midi, label.source, label.path.read_text()) for label in read}


def test_one_folder_keeps_its_names(here: Path) -> None:
    problems = collect([Path("a")]).write(Path("all"))
    assert found(Path("all")) == {"deep/one.wav": (60, "studio", "a/deep/one.wav")}
    assert [name for name, _ in problems] == ["gone.wav", "two.wav"]
    assert (here / "all" / "two.wav").read_text() == "a/two.wav"


def test_what_a_table_doesnt_name_isnt_heard(here: Path) -> None:
    (here / "b" / "murmur.wav").write_text("murmur")
    assert collect([Path("a"), Path("b")]).unlabelled == {"b/murmur.wav": "b"}
    (here / "a" / "notes.csv").write_text("file,midi\ntwo.wav,60\ntwo.wav,61\n")
    assert collect([Path("a")]).unlabelled == {}


def test_names_of_a_persons_own_are_of_one_source_with_what_is_heard(here: Path) -> None:
    """Folders of one are no sources: they may be its dynamics, which would be levelled."""
    for name in ("soft/my A4.wav", "loud/my take.wav"):
        (here / "c" / name).parent.mkdir(parents=True)
        (here / "c" / name).write_text(name)
    alone, beside = collect([Path("c")]), collect([Path("c"), Path("b")])
    assert [(label.name, label.source) for label in alone.labels] == [("soft/my A4.wav", "")]
    assert alone.unlabelled == {"loud/my take.wav": ""}
    assert {label.source for label in beside.labels} == {"c", "philharmonia"}
    assert beside.unlabelled == {"c/loud/my take.wav": "c"}


def test_several_folders_stand_side_by_side(here: Path) -> None:
    mp3 = "violin_A4_1_forte_arco-normal.mp3"
    collect([Path("a"), Path("b")]).write(Path("all"))
    assert found(Path("all")) == {
        "a/deep/one.wav": (60, "studio", "a/deep/one.wav"),
        f"b/{mp3}": (69, "philharmonia", f"b/{mp3}"),
    }


def test_folders_of_one_name_stay_apart(here: Path) -> None:
    places = ("x/takes", "y/takes", "z/takes-2")
    for where in places:
        (here / where).mkdir(parents=True)
        (here / where / "violin_A4_1_forte_arco-normal.mp3").write_text(where)
    collect([Path(place) for place in places]).write(Path("all"))
    assert {name.split("/")[0]: text for name, (_, _, text) in found(Path("all")).items()} == {
        "takes": "x/takes",
        "takes-3": "y/takes",
        "takes-2": "z/takes-2",
    }


def test_single_files_are_taken_alone(here: Path) -> None:
    collect([Path("a/two.wav")]).write(Path("all"))
    assert {path.name for path in Path("all").iterdir()} == {LABELS, "two.wav"}
    collect([Path("a/two.wav"), Path("a/deep/one.wav"), Path("b")]).write(Path("all"))
    assert {path.name for path in Path("all").iterdir()} == {LABELS, "a", "deep", "b"}


def test_a_disk_that_is_full_is_said(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are no links, recordings are copied."""

    def refuse(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.symlink", refuse)
    monkeypatch.setattr("shutil.copyfile", refuse)
    with pytest.raises(OutputError, match="all: cannot be written: No space left"):
        collect([Path("a")]).write(Path("all"))


def test_a_file_and_its_folder_are_the_folder(here: Path) -> None:
    collect([Path("a/two.wav"), Path("a")]).write(Path("all"))
    assert set(found(Path("all"))) == {"deep/one.wav"}


def test_the_runs_own_files_are_no_recordings(here: Path) -> None:
    run = here / "a" / "run"
    for _ in range(2):
        collect([Path("a")], apart=[run]).write(run / "all")
        assert set(found(run / "all")) == {"deep/one.wav"}
        assert not (run / "all" / "run").exists()


def test_what_is_heard_is_written_in_the_order_of_its_names(here: Path) -> None:
    """What is written decides whether anything is done again: it may not differ from run to run."""
    names = [f"c/take {letter}.wav" for letter in "abcdefgh"]
    for name in names:
        (here / name).parent.mkdir(exist_ok=True)
        (here / name).write_text(name)
    collected = collect([Path("c"), Path("b")])
    assert list(collected.unlabelled) == names
    collected.write(Path("all"), lambda files: dict.fromkeys(files, 60))
    rows = (here / "all" / LABELS).read_text().splitlines()[2:]
    assert [row.split(",")[0] for row in rows] == names


def test_a_name_that_no_file_can_have_is_a_problem(here: Path) -> None:
    name = f"{'long' * 100}.wav"
    (here / "a" / "notes.csv").write_text(f"file,midi\n{name},60\ntwo.wav,61\n")
    found = collect([Path("a")])
    assert [label.name for label in found.labels] == ["two.wav"]
    assert [problem for problem, _ in found.problems] == ["deep/one.wav", name]


def test_what_is_given_and_is_no_recording_is_told(here: Path) -> None:
    (here / "empty").mkdir()
    (here / "a" / "remarks.txt").write_text("no sound")
    places = ("a/two.wav", "a/remarks.txt", "a/notes.csv", "b", "empty")
    found = collect([Path(place) for place in places])
    assert len(found.files) == 2
    assert dict(found.problems) == {
        "a/two.wav": "notes.csv does not name it",
        "a/remarks.txt": "is no recording",
        "empty": "no recordings here",
    }


@pytest.mark.parametrize("place", ["nowhere", "empty"])
def test_where_there_is_nothing_that_is_said(here: Path, place: str) -> None:
    (here / "empty").mkdir()
    with pytest.raises(RecordingError, match=place):
        collect([Path(place)])


@pytest.mark.parametrize(
    ("places", "names"),
    [
        (("a", "./b/../a"), {"deep/one.wav", "two.wav"}),
        (("a/two.wav", "b/../a/two.wav"), {"two.wav"}),
        (("a", "a/deep"), {"a/deep/one.wav", "a/two.wav"}),
        (("a/deep", "a"), {"deep/one.wav", "a/two.wav"}),
        (("a", "a/deep/one.wav"), {"a/deep/one.wav", "a/two.wav"}),
    ],
)
def test_what_is_given_twice_counts_once(
    here: Path, places: tuple[str, ...], names: set[str]
) -> None:
    """A note in two parts of the notes would be evaluated on what it was learned from."""
    found = collect([here / places[0], *map(Path, places[1:])])
    assert set(found.files) == names
    assert len(found.labels) <= 1
    assert {name for name, _ in found.problems} <= {*names, "gone.wav", "a/gone.wav"}


def test_no_name_is_lost_in_the_table(here: Path) -> None:
    names = [
        "caf\udce9 A4.wav",
        " B4.wav",
        "of\\a C5.wav",
        "_B4.wav",
        "two\nlines D5.wav",
        "two\rlines E5.wav",
    ]
    for name in names:
        path = here / "odd" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name, errors="surrogateescape")
    collected = collect([Path("odd")])
    assert collected.write(Path("all")) == []
    read = read_labels(Path("all"), "csv")
    assert read.problems == []
    assert sorted(label.midi for label in read.labels) == [69, 71, 71, 72, 74, 76]
    assert {path.resolve().name for path in Path("all").glob("*.wav")} == set(names)


def test_an_instrument_is_known_of_what_has_no_label(here: Path) -> None:
    """Without it, a flute's scale would be taken for a violin's."""
    names = ["Flute.ff.C4B4.wav", "cello_A4_phrase_forte_arco.wav", "murmur.wav"]
    for name in names:
        path = here / "c" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    collect([Path("c")]).write(Path("all"), lambda _files: {names[1]: 69})
    read = read_labels(Path("all"), "csv")
    assert [(label.name, label.instrument) for label in read.labels] == [(names[1], "cello")]
    assert read.instruments == {names[0]: "flute"}
