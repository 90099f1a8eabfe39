"""The house keeps its plan: rooms, one-way imports, sizes, what is never called, and what CI is allowed."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import astrobench
import pytest
from astrobench.registry import KINDS, Registry

HOME = Path(__file__).parent.parent
CORE = HOME / "benchmark" / "astrobench"
PLUGINS = HOME / "plugins"
PROJECT = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))

TOP = {
    "pyproject.toml", "benchmark", "plugins", "leaderboards", "tests", "README.md", "LICENSE", "CHANGELOG.md",
    "CITATION.cff",
}  # fmt: skip

ORDER = (
    "errors", "types", "pairing", "exhibits", "hookspecs", "keys", "seeds", "severities", "intervals", "needs",
    "progress", "adaptation", "layers", "similarity", "grams", "sources", "signatures", "parameters", "arrays",
    "caching", "parallel", "collecting", "contents", "digests", "registry", "catalogue", "tables", "filters", "rules",
    "spreading", "suite", "choices", "validation", "plan", "strict", "rowforms", "records", "writing", "reading",
    "store", "recalling", "witness", "upkeep", "inputs", "environment", "devices", "isolation", "claims", "carrying",
    "stock", "training", "predicting", "warm", "validators", "stages", "engine", "variances", "statistics",
    "leaderboard", "exporting", "conformance", "cli",
)  # fmt: skip
"""The rooms of the core. A room imports only from rooms that stand before it; a new room is given its place here."""

DOORS = ("__init__", "__main__")
"""The public names and the command: they open on the house and no room imports them."""

HEAVY = {"torch", "torchvision", "timm", "galsim", "sklearn", "scipy", "pandas", "pyarrow", "matplotlib", "numpy"}
WITH_TORCH = {
    "adaptation", "layers", "similarity", "grams", "training", "predicting", "warm", "validators", "stages",
    "conformance",
}  # fmt: skip
"""The rooms that run where torch runs. All others load without it, and without NumPy."""

BANNED = re.compile(
    r"\b(pickle|cloudpickle|dill|joblib|shelve|marshal)\b|torch\.load\b|allow_pickle=True|\.extractall\b"
    r"|yaml\.(load|unsafe_load)\b|(?<![.\w])(eval|exec)\("
)
WITHOUT_HOOKS = {"astrobench_figures"}
"""First-party packages that give no plugin: the command that needs one finds it by name."""
LONGEST_FILE, LONGEST_FUNCTION = 250, 40
SAMPLES = {"float": 1.0, "int": 1, "str": "somewhere", "Path": "somewhere"}


def sources() -> list[Path]:
    return sorted(path for folder in (CORE, PLUGINS) for path in folder.rglob("*.py"))


def named(path: Path) -> str:
    return str(path.relative_to(HOME))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def running(node: ast.AST, *, functions: bool):
    """Walk what runs: not what only a type checker reads and, unless asked, not what waits in a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and not functions:
            continue
        yield child
        yield from running(child, functions=functions)


def imports(path: Path, *, functions: bool = True) -> list[tuple[str, str]]:
    """Return (module, name) of each import, name "" for `import module`."""
    found = []
    for node in running(tree_of(path), functions=functions):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{named(path)}: a relative import"
            found += [(node.module or "", alias.name) for alias in node.names]
    return found


def room(path: Path) -> str:
    return path.relative_to(CORE).with_suffix("").parts[0]


def rooms_used(path: Path) -> set[str]:
    rooms = set()
    for module, name in imports(path):
        top, *rest = module.split(".")
        if top == "astrobench":
            rooms.add(rest[0] if rest else name if name in ORDER else "__init__")
    return rooms


def tracked() -> list[str]:
    if shutil.which("git") is None or not (HOME / ".git").exists():
        pytest.skip("not a git checkout")
    words = ["git", "-C", str(HOME), "ls-files", "--cached", "--others", "--exclude-standard"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()


def test_nothing_but_the_named_rooms_stands_at_the_top():
    top = {name.split("/")[0] for name in tracked()}
    assert {name for name in top if not name.startswith(".")} <= TOP


def test_every_room_of_the_core_has_its_place():
    assert {room(path) for path in CORE.rglob("*.py")} - set(DOORS) == set(ORDER)


@pytest.mark.parametrize("path", [path for path in sources() if path.is_relative_to(CORE)], ids=named)
def test_imports_in_the_core_point_one_way(path):
    own, used = room(path), rooms_used(path)
    if own in DOORS:
        return
    before = set(ORDER[: ORDER.index(own) + 1])
    assert used - before == set()


def test_the_core_knows_no_plugin():
    used = {module for path in CORE.rglob("*.py") for module, _ in imports(path)}
    assert {module for module in used if module.startswith("astrobench_")} == set()


def test_only_rooms_that_run_with_torch_import_what_is_heavy():
    wrong = [
        f"{named(path)}: {module}"
        for path in CORE.rglob("*.py")
        if room(path) not in WITH_TORCH
        for module, _ in imports(path, functions=False)
        if module.split(".")[0] in HEAVY
    ]
    assert wrong == []


def test_the_light_rooms_and_every_plugin_s_door_load_without_torch():
    light = [f"astrobench.{name}" for name in ORDER if name not in WITH_TORCH]
    doors = list(PROJECT["project"]["entry-points"]["astrobench"].values())
    told = f"print(sorted({HEAVY - {'numpy'}} & set(sys.modules)))"
    code = f"import sys, {', '.join([*light, *doors])}\n{told}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", [path for path in sources() if path.is_relative_to(PLUGINS)], ids=named)
def test_plugins_use_public_names_only_and_not_one_another(path):
    own = path.relative_to(PLUGINS).parts[0]
    for module, name in imports(path):
        top = module.split(".")[0]
        if top == "astrobench":
            public = name in astrobench.__all__ or (module, name) in [
                ("astrobench", ""),
                ("astrobench.errors", "did_you_mean"),
            ]
            assert public, f"{module}.{name} is not public"
        assert top == own or not top.startswith("astrobench_"), f"{own} imports {module}"
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "astrobench":
            assert node.attr in astrobench.__all__, f"astrobench.{node.attr} is not public"


def test_public_names_are_sorted_and_exist():
    assert astrobench.__all__ == sorted(astrobench.__all__)
    assert [name for name in astrobench.__all__ if not hasattr(astrobench, name)] == []


@pytest.mark.parametrize("path", sources(), ids=named)
def test_files_and_functions_stay_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1:2] if ast.get_docstring(node) else node.body[:1]
            length = node.end_lineno - first[0].lineno + 1 if first else 0
            assert length <= LONGEST_FUNCTION, f"{node.name} has {length} lines after its docstring"


def test_public_functions_and_classes_say_what_they_do():
    silent = [named(path) for path in sources() if not ast.get_docstring(tree_of(path))]
    for path in sources():
        for node in tree_of(path).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                silent += [] if ast.get_docstring(node) else [f"{named(path)}: {node.name}"]
    assert silent == []


def test_nothing_runs_what_it_reads():
    found = {named(path): BANNED.search(path.read_text(encoding="utf-8")) for path in sources()}
    assert {path: match.group() for path, match in found.items() if match} == {}


def test_every_plugin_package_is_in_the_wheel_and_at_the_door():
    packages = {path.name for path in PLUGINS.iterdir() if (path / "__init__.py").is_file()}
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(wheel) == {"benchmark/astrobench", *(f"plugins/{name}" for name in packages)}
    assert set(PROJECT["project"]["entry-points"]["astrobench"].values()) == packages - WITHOUT_HOOKS
    assert all((PLUGINS / name / "py.typed").is_file() for name in packages)


def test_every_first_party_plugin_can_be_found_read_and_told_apart():
    registry = Registry.load()
    mine = [plugin for kind in KINDS for plugin in registry.of(kind) if plugin.distribution == "astrobench"]
    assert [fault.sentence for fault in registry.faults if fault.distribution == "astrobench"] == []
    assert {plugin.entry_point for plugin in mine} == set(PROJECT["project"]["entry-points"]["astrobench"])
    for plugin in mine:
        assert plugin.summary.endswith(".") or plugin.kind == "suites", f"{plugin.name}: {plugin.summary}"
        assert len(plugin.digest) == 64
        required = [p for p in plugin.signature.parameters if p.required]
        needed = {p.name: SAMPLES[re.sub(r"Annotated\[(\w+), .*\]", r"\1", p.annotation)] for p in required}
        assert plugin.complete(needed).keys() == {p.name for p in plugin.signature.parameters}


def test_versions_agree():
    citation = (HOME / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {astrobench.__version__}\n" in citation
    assert PROJECT["project"]["version"] == astrobench.__version__
    assert f"\n## {astrobench.__version__}" in (HOME / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted((HOME / ".github" / "workflows").glob("*.yml")), ids=lambda path: path.name)
def test_workflows_can_read_and_no_more(path):
    text = path.read_text(encoding="utf-8")
    assert "\npermissions:\n  contents: read\n" in text
    assert "pull_request_target" not in text
    assert not re.search(r"\$\{\{\s*(secrets|github\.event\.(pull_request|issue|comment|head_commit))\b", text)
    for action in re.findall(r"uses: (\S+)", text):
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action), f"{action} is not pinned by commit"
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")


def test_ci_runs_from_one_script_that_bash_can_read():
    script = HOME / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert ".ci/run" in (HOME / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
