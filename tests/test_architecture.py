"""The layers are folders: what a file may import is read from its path."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "lyricgen"
# from the bottom to the top; a file at the top of the package stands below all folders
LAYERS = {
    "": 0,
    "music": 1,
    "lyrics": 1,
    "models": 2,
    "song": 3,
    "cli": 4,
    "drawings": 4,
    "exercises": 4,
}
# show.py is given all that it shows, so it stands among the files at the bottom
# gradient_check compares a gradient with TensorFlow's, so it runs TensorFlow
KERAS_ROLES = {"network", "layer", "training", "checkpoint", "distribution", "gradient_check"}
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__main__.py")


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


MODULES = {module_name(path) for path in FILES}


def folder(module: str) -> str:
    """The folder of a module below lyricgen, "" for a file at its top."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in LAYERS else ""


def imports(source: str) -> set[str]:
    """Returns all modules that a source imports, at any depth, without their names."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute: they show the layer"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in MODULES else node.module)
    return found


def complaints(module: str, source: str) -> list[str]:
    """What the imports of a module break."""
    found = []
    layer = folder(module)
    role = module.rsplit(".", 1)[-1]
    for name in sorted(imports(source)):
        if name.split(".")[0] == "lyricgen" and name != "lyricgen":
            theirs = folder(name)
            if LAYERS[theirs] > LAYERS[layer]:
                found.append(f"{module} imports {name}, from a layer above")
            if LAYERS[theirs] == LAYERS[layer] == 1 and theirs != layer:
                found.append(
                    f"{module} imports {name}: music and lyrics know nothing of each other"
                )
            if layer == "models" and role != "evaluation" and name.endswith(".evaluation"):
                found.append(f"{module} imports {name}: no model imports its evaluation")
        may_use_keras = layer == "models" and role in KERAS_ROLES
        if name.split(".")[0] in ("keras", "tensorflow", "torch", "jax") and not may_use_keras:
            found.append(f"{module} imports {name}; Keras belongs to {sorted(KERAS_ROLES)}")
        if name == "argparse" and layer != "cli":
            found.append(f"{module} imports argparse, which belongs to cli/")
    return found


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_a_file_imports_what_its_path_allows(path):
    assert complaints(module_name(path), path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "module, line",
    [
        ("lyricgen.music.melody", "from lyricgen.models import ngram"),
        ("lyricgen.music.melody", "import keras"),
        ("lyricgen.music.melody", "from lyricgen.lyrics import english"),
        ("lyricgen.models.ngram", "def f():\n    from lyricgen.song.song import compose"),
        ("lyricgen.models.language.network", "from lyricgen.models.language import evaluation"),
        ("lyricgen.models.musicvae.inference", "import tensorflow as tf"),
        ("lyricgen.models.training", "import argparse"),
        ("lyricgen.files", "from lyricgen.music import melody"),
        ("lyricgen.song.song", "from lyricgen.cli.main import main"),
        ("lyricgen.song.song", "from keras import ops"),
    ],
)
def test_an_import_that_breaks_the_layers_is_found(module, line):
    assert len(complaints(module, line)) == 1


def test_no_circles():
    uses = {module_name(path): imports(path.read_text("utf-8")) & MODULES for path in FILES}
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " imports ".join([*way, module])
        if module not in done:
            for name in sorted(uses[module]):
                visit(name, (*way, module))
            done.add(module)

    for module in sorted(uses):
        visit(module, ())


def test_every_folder_is_a_layer():
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name[0] != "_"}
    assert folders == set(LAYERS) - {""}
