"""No byte that is read can run: the calls that would let it are not in the code, and canary files stay silent.

The lint reads syntax, not text, so it sees through line breaks, aliases and keyword order; ruff's S rules say the same
of what they know. Canaries are files that leave a mark when anything executes them.
"""

from __future__ import annotations

import ast
import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from astrobench.errors import AstrobenchError
from astrobench.keys import key_of
from astrobench.records import read_rows
from astrobench.store import Store
from astrobench.suite import read_suite
from astrobench_galaxies.arrays import open_npy
from astrobench_galaxies.image_files import read_image

if TYPE_CHECKING:
    from collections.abc import Callable

HOME = Path(__file__).parent.parent
SOURCES = sorted(path for room in ("benchmark", "plugins") for path in (HOME / room).rglob("*.py"))

MODULES = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "jsonpickle", "yaml"}
NAMES = {"eval", "exec", "compile", "__import__", "execfile"}
CALLS = {
    "torch.load", "torch.jit.load", "torch.export.load", "torch.hub.load", "pandas.read_pickle", "pd.read_pickle",
    "numpy.core.multiarray", "os.system", "os.popen", "runpy.run_path", "runpy.run_module",
}  # fmt: skip
METHODS = {"extractall", "extract", "unpack_archive", "read_pickle", "to_pickle", "unsafe_load", "full_load"}
KEYWORDS = {("allow_pickle", True), ("shell", True), ("weights_only", False)}
RUFF = "S102,S202,S301,S302,S307,S506,S602,S604,S605"


def banned(tree: ast.AST) -> list[str]:
    """Return what of a module could run what it reads, "line: what" each."""
    aliases: dict[str, str] = {}
    found = []
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            aliases |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            aliases |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        found += [f"{node.lineno}: import {name}" for name in names if name.split(".")[0] in MODULES or name in CALLS]
        if isinstance(node, ast.Call):
            found += [f"{node.lineno}: {what}" for what in _calls(node, aliases)]
        elif isinstance(node, ast.Attribute):
            found += [f"{node.lineno}: {told}" for told in [_dotted(node, aliases)] if told in CALLS]
    return found


def _calls(node: ast.Call, aliases: dict[str, str]) -> list[str]:
    told = []
    if isinstance(node.func, ast.Name) and aliases.get(node.func.id, node.func.id) in NAMES | CALLS:
        told.append(f"{node.func.id}()")
    if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
        told.append(f".{node.func.attr}()")
    for keyword in node.keywords:
        if isinstance(keyword.value, ast.Constant):
            told += [
                f"{name}={value}" for name, value in KEYWORDS if (keyword.arg, keyword.value.value) == (name, value)
            ]
        elif keyword.arg in {name for name, _ in KEYWORDS}:
            told.append(f"{keyword.arg}=…")
    return told


def _dotted(node: ast.expr, aliases: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, aliases)}.{node.attr}"
    return aliases.get(node.id, node.id) if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(HOME)))
def test_nothing_that_could_run_what_it_reads_is_called(path: Path) -> None:
    assert banned(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle", "from pickle import loads", "import joblib as j", "import torch\ntorch.load(f)",
        "import torch as t\nt.load(f)", "from torch import load", "from torch import load as safe\nsafe(f)",
        "import numpy as np\nnp.load(f, allow_pickle=True)", "np.load(f, allow_pickle = flag)", "zip.extractall(here)",
        "archive.extract(member)", "import shutil\nshutil.unpack_archive(f)", "import yaml\nyaml.load(f)", "eval(text)",
        "exec(text)", "import pandas as pd\npd.read_pickle(f)", "frame.to_pickle(f)", "load = torch.load",
        "import subprocess\nsubprocess.run(text, shell=True)", "torch.load(f, weights_only=False)", "__import__(name)",
    ],
)  # fmt: skip
def test_the_lint_sees(text: str) -> None:
    assert banned(ast.parse(text)) != []


def test_ruff_says_the_same() -> None:
    ruff = shutil.which("ruff") or str(Path(sys.executable).with_name("ruff"))
    if not Path(ruff).exists():
        pytest.skip("ruff is not installed")
    words = [ruff, "check", "--isolated", "--no-cache", "--select", RUFF, "benchmark", "plugins"]
    done = subprocess.run(words, cwd=HOME, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


class Canary:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.touch, (self.mark,))


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "executed"


@pytest.fixture
def canaries(mark: Path) -> dict[str, bytes]:
    """Return bytes that run when they are unpickled, evaluated or imported, in the dress of what we read."""
    import pickle

    objects, archive = io.BytesIO(), io.BytesIO()
    np.save(objects, np.array([Canary(mark)], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(archive, "w") as torch_file:
        torch_file.writestr("archive/data.pkl", pickle.dumps(Canary(mark)))
        torch_file.writestr("../../escaped", "x")
    code = f"__import__('pathlib').Path({str(mark)!r}).touch()"
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({code},)}}".ljust(246) + "\n"
    return {
        "pickle": pickle.dumps(Canary(mark)),
        "npy of objects": objects.getvalue(),
        "zip of a pickle": archive.getvalue(),
        "npy with code in its header": b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode(),
        "code": code.encode(),
        "yaml": f"!!python/object/apply:pathlib.Path.touch [{mark}]".encode(),
    }


def test_the_canaries_are_alive(canaries: dict[str, bytes], mark: Path) -> None:
    import pickle

    pickle.loads(canaries["pickle"])
    assert mark.exists()
    mark.unlink()
    np.load(io.BytesIO(canaries["npy of objects"]), allow_pickle=True)
    assert mark.exists()


def test_no_canary_is_executed_by_anything_that_reads(canaries: dict[str, bytes], mark: Path, tmp_path: Path) -> None:
    refused = 0
    for name, data in canaries.items():
        for suffix, read in readers(tmp_path).items():
            path = tmp_path / f"{name.replace(' ', '-')}{suffix}"
            path.write_bytes(data)
            told = outcome(read, path)
            refused += told != "nothing"
            assert "\n" not in told
            assert not mark.exists(), f"{name} was executed as {suffix}"
    assert refused >= 5 * len(canaries)
    assert not (tmp_path.parent.parent / "escaped").exists()


def outcome(read: Callable[[Path], object], path: Path) -> str:
    """Return the sentence of a refusal, or "nothing" where nothing was read."""
    try:
        found = read(path)
    except AstrobenchError as error:
        return str(error)
    assert found is None
    return "nothing"


def readers(tmp_path: Path) -> dict[str, Callable[[Path], object]]:
    store = Store(tmp_path / "results")

    def as_object(path: Path) -> object:
        import hashlib

        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        store.object(digest).parent.mkdir(parents=True, exist_ok=True)
        store.object(digest).write_bytes(path.read_bytes())
        return store.get(digest)

    def as_result(path: Path) -> object:
        key = key_of(path.name)
        store.path("cells", key).parent.mkdir(parents=True, exist_ok=True)
        store.path("cells", key).write_bytes(path.read_bytes())
        return store.read("cells", key)

    return {
        ".npy": open_npy, ".image.npy": read_image, ".png": read_image, ".fits": read_image, ".toml": read_suite,
        ".jsonl": read_rows, ".safetensors": as_object, ".json": as_result,
    }  # fmt: skip
