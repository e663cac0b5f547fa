"""Modules and classes stay small enough to be read at once."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULE_LINES, CLASS_LINES = 350, 200


def longest_classes(text: str) -> dict[str, int]:
    """Lines of the classes that are too long."""
    lines = {
        node.name: (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ClassDef)
    }
    return {name: count for name, count in lines.items() if count > CLASS_LINES}


@pytest.mark.parametrize("folder", ["instrument", "training", "peers", "examples", "tests"])
def test_modules_and_their_classes_are_small(folder: str) -> None:
    texts = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in sorted((ROOT / folder).rglob("*.py"))
    }
    assert texts
    modules = {name: text.count("\n") for name, text in texts.items()}
    assert {name: lines for name, lines in modules.items() if lines > MODULE_LINES} == {}
    classes = {name: longest_classes(text) for name, text in texts.items()}
    assert {name: found for name, found in classes.items() if found} == {}
