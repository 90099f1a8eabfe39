"""Digests: code that runs changes them; words, layout and strangers do not."""

from __future__ import annotations

import ast
import functools
import hashlib
import os
import shutil
from pathlib import Path

import pytest
from astrobench import digests
from astrobench.digests import content_digest, source_digest
from astrobench.errors import PluginError, SuiteError
from astrobench.sources import imported, parsed
from distributions import write_modules

CODE = {
    "dig.": "",
    "dig.plugin": '''
        """Words."""
        from typing import TYPE_CHECKING
        from dig import near
        from dig.inner.far import distance
        if TYPE_CHECKING:
            from dig.types_only import T

        def f(*, a: int = 1):
            """More words."""
            return near.g(a) + distance
    ''',
    "dig.near": "import dig.deep\ndef g(a): return a\n",
    "dig.deep": """
        x = [f'{y!r:>{z}} and {{' f'{w}' for y in 'ab' if (z := 1) < (w := 2)]
        g = lambda *a, b=u'1', **c: {**c, b: a}
        def h(x: int | None = None): return x
    """,
    "dig.inner.": "",
    "dig.inner.far": "distance = 3\n",
    "dig.types_only": "T = int\n",
    "dig.stranger": "y = 1\n",
}


@pytest.fixture
def digest_of(tmp_path, monkeypatch):
    """Return a function: CODE with some modules changed → digest of dig.plugin:f."""
    monkeypatch.syspath_prepend(tmp_path)

    def digest(**changed):
        write_modules(tmp_path, CODE | {f"dig.{name.replace('__', '.')}": text for name, text in changed.items()})
        digests._module_digest.cache_clear()
        return source_digest("dig.plugin:f")

    return digest


def test_the_same_code_has_the_same_digest_on_every_python(digest_of):
    assert digest_of() == "9812d7c6989c3b734aa6dd1f1e55a6430d1753e9e011ceb1718b3dc77f9f2e17"


@pytest.mark.parametrize(
    "changed",
    [
        {"plugin": CODE["dig.plugin"].replace("Words", "Other words").replace("return", "# why\n            return")},
        {"stranger": "y = 2\n"},
        {"types_only": "T = str\n"},
        {"": "names = ['one more plugin']\n"},
        {"near": "import dig.deep\n\n\ndef g(\n    a,\n):\n    'said'\n    return a\n"},
    ],
    ids=["comments and docstrings", "a stranger", "types only", "the package's list of names", "layout"],
)
def test_what_does_not_run_changes_nothing(digest_of, changed):
    assert digest_of(**changed) == digest_of()


@pytest.mark.parametrize(
    "changed",
    [
        {"plugin": CODE["dig.plugin"].replace("a: int = 1", "a: int = 2")},
        {"near": "import dig.deep\ndef g(a): return a + 1\n"},
        {"deep": "x = 2\n"},
        {"inner__far": "distance = 3.0\n"},
    ],
    ids=["a default", "a module it imports", "a module that imports", "a constant's type"],
)
def test_what_runs_changes_the_digest(digest_of, changed):
    assert digest_of(**changed) != digest_of()


def test_a_name_that_stands_in_a_package_brings_the_package(digest_of):
    plugin = {"plugin": "from dig import names\ndef f(): return names\n"}
    assert digest_of(**plugin, **{"": "names = [1]\n"}) != digest_of(**plugin, **{"": "names = [2]\n"})


PROTOCOLS = ("astrobench.training.loop", "astrobench.predicting")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_better_message_trains_nothing_again(protocol, tmp_path, monkeypatch):
    package = tmp_path / "astrobench"
    shutil.copytree(Path(digests.__file__).parent, package)

    def digest(name, text):
        (package / name).write_text((package / name).read_text(encoding="utf-8") + text, encoding="utf-8")
        return digests._module_digest.__wrapped__(protocol)

    monkeypatch.setattr("astrobench.sources._folders", lambda top: [package])
    told = digest("errors.py", "")
    assert told == source_digest(f"{protocol}:f")
    assert digest("errors.py", "\nWORDS = 'better'\n") == told
    assert digest("progress.py", "\nWORDS = 'better'\n") == told
    assert digest("layers.py", "\nNUMBER = 2\n") != told


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_number_comes_from_a_module_that_only_speaks(protocol):
    """What a protocol imports from SPOKEN stands in a raise statement, or is called and its answer dropped."""
    for module, path in digests._reached(protocol).items():
        tree = parsed(path)
        words = {alias for origin, _, alias in imported(tree, module, package=False) if origin in digests.SPOKEN}
        raised = {id(name) for node in ast.walk(tree) if isinstance(node, ast.Raise) for name in ast.walk(node)}
        alone = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
        spoken = raised | {id(call.func) for call in alone if isinstance(call, ast.Call)}
        used = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in words]
        assert [f"{module}:{node.lineno}: {node.id}" for node in used if id(node) not in spoken] == []


def test_text_and_callable_have_one_digest():
    assert source_digest(content_digest) == source_digest("astrobench.digests:content_digest")
    assert source_digest(functools.partial(content_digest, "a")) == source_digest(content_digest)


def test_code_without_source_is_refused():
    with pytest.raises(PluginError, match="module 'math' has no source file"):
        source_digest("math:sqrt")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("ASTROBENCH_CACHE", str(folder))
    return folder


def old(path):
    """Set a file's time to one at which it can have settled."""
    os.utime(path, (1e9, 1e9))


def test_a_file_is_digested_by_its_bytes_wherever_it_lies(tmp_path, cache):
    for name in ("a.npy", "b.npy"):
        (tmp_path / name).write_bytes(b"galaxies")
        assert content_digest(tmp_path / name) == hashlib.sha256(b"galaxies").hexdigest()


def test_a_folder_is_digested_by_names_and_bytes(tmp_path, cache):
    def digest(*files):
        folder = tmp_path / f"folder{len(list(tmp_path.iterdir()))}"
        for name, content in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content)
        return content_digest(folder)

    whole = digest(("a", "1"), ("sub/b", "2"))
    assert digest(("sub/b", "2"), ("a", "1"), (".hidden", "x"), (".git/config", "x")) == whole
    assert digest(("a", "1"), ("sub/c", "2")) != whole
    assert digest(("a", "1"), ("sub/b", "3")) != whole
    assert digest(("a", "2"), ("sub/b", "1")) != whole


@pytest.fixture
def table(tmp_path):
    """Return a table of two images, one of them elsewhere."""
    (tmp_path / "set" / "images").mkdir(parents=True)
    for name in ("set/images/a.png", "elsewhere.png"):
        (tmp_path / name).write_text(name), old(tmp_path / name)
    path = tmp_path / "set" / "mine.csv"
    path.write_text("id, Path ,label\n1,images/a.png,x\n2,../elsewhere.png,y\n3,gone.png,y\n4\n"), old(path)
    return path


def test_a_table_changes_with_the_bytes_of_the_files_that_it_lists(table, cache):
    first = content_digest(table)
    for image in (table.parent / "images" / "a.png", table.parent.parent / "elsewhere.png"):
        sound = image.read_bytes()
        image.write_bytes(sound[::-1])
        assert content_digest(table) != first
        image.write_bytes(sound)
        old(image)
        assert content_digest(table) == first
    (table.parent / "gone.png").write_text("found")
    assert content_digest(table) != first


def test_a_table_and_its_images_may_move_together(table, cache, tmp_path):
    first = content_digest(table)
    table.parent.rename(tmp_path / "moved")
    assert content_digest(tmp_path / "moved" / "mine.csv") == first


@pytest.mark.parametrize("content", [b"name,label\na.png,x\n", b"", b"path\n\xff\xfe", b'path\n"a\0b"\n', b"path\n\n"])
def test_a_table_that_lists_no_file_is_its_bytes(tmp_path, cache, content):
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    assert content_digest(path) == hashlib.sha256(content).hexdigest()


def test_a_digest_is_kept_for_as_long_as_size_and_time_stay(tmp_path, cache):
    path = tmp_path / "a.npy"
    path.write_text("one"), old(path)
    first = content_digest(path)
    path.write_text("two"), old(path)
    assert content_digest(path) == first
    path.write_text("two")
    assert content_digest(path) != first


def test_a_file_that_was_written_just_now_is_not_trusted_to_stay(tmp_path, cache):
    path = tmp_path / "a.npy"
    path.write_text("one")
    content_digest(path)
    assert not cache.exists()


@pytest.mark.parametrize("spoiled", ["{", "[]", '{"x": 1}'])
def test_a_spoiled_cache_costs_time_and_nothing_else(tmp_path, cache, spoiled):
    path = tmp_path / "a.npy"
    path.write_text("one"), old(path)
    cache.mkdir()
    (cache / "digests.json").write_text(spoiled)
    assert content_digest(path) == hashlib.sha256(b"one").hexdigest()


def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.npy"
    path.write_text("one"), old(path)
    monkeypatch.setenv("ASTROBENCH_CACHE", str(path / "below a file"))
    assert content_digest(path) == hashlib.sha256(b"one").hexdigest()


def test_a_path_that_is_not_there_is_a_fault_of_the_suite(tmp_path, cache):
    with pytest.raises(SuiteError, match="is not there: expected a file or a folder"):
        content_digest(tmp_path / "nothing")


def test_a_link_to_nothing_is_named(tmp_path, cache):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.fits").symlink_to(tmp_path / "gone.fits")
    with pytest.raises(SuiteError, match=r"a\.fits' cannot be read: No such file"):
        content_digest(tmp_path / "images")
