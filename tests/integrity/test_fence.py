"""What the process of a training cannot read, and what it still can."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from astrobench.store import Store
from astrobench.upkeep import fsck, waste

if TYPE_CHECKING:
    from pathlib import Path

TRY = """
import os, sys, subprocess, tempfile
from pathlib import Path
from astrobench.isolation.fence import hide
root = Path(sys.argv[1])
print(hide(root / "truth"))
def told(read):
    try:
        return read()
    except PermissionError:
        return "refused"
print(told((root / "truth" / "labels").read_text))
print(told((root.parent / "link" / "truth" / "labels").read_text))
print(subprocess.run(["cat", str(root / "truth" / "labels")], capture_output=True).returncode)
(root / "objects" / "new").write_text("mine")
print((root / "objects" / "new").read_text(), (root.parent / "beside").read_text())
os.replace(root / "objects" / "new", root / "cells" / "moved")
print((root / "cells" / "moved").read_text(), told(lambda: os.rename(root / "truth", root / "other")))
print(told((root / "other" / "labels").read_text))
try:
    os.link(root / "other" / "labels", root / "cells" / "link")
except OSError as error:
    print(type(error).__name__)
with tempfile.NamedTemporaryFile("w+") as file:
    file.write("temporary"), file.flush()
    print(Path(file.name).read_text())
"""


def told(root: Path, **environment: str) -> list[str]:
    import os

    words = [sys.executable, "-c", TRY, str(root)]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **environment}, check=True)
    return done.stdout.splitlines()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "results"
    for name in ("truth", "objects", "cells"):
        (root / name).mkdir(parents=True)
    (root / "truth" / "labels").write_text("0 1 2")
    (tmp_path / "beside").write_text("beside")
    (tmp_path / "link").symlink_to(root)
    return root


def test_labels_cannot_be_read_by_the_process_its_children_or_a_link_and_all_else_can(root: Path) -> None:
    found = told(root)
    if found[0] == "False":
        pytest.skip("this kernel has no Landlock")
    assert found == ["True", "refused", "refused", "1", "mine beside", "mine None", "refused", "OSError", "temporary"]


def test_the_fence_can_be_left_open(root: Path) -> None:
    assert told(root, ASTROBENCH_FENCE="0")[:2] == ["False", "0 1 2"]


def test_labels_in_their_room_are_verified_and_kept_in_order_like_any_arrays(tmp_path: Path) -> None:
    store = Store(tmp_path)
    digest = store.put({"labels": np.arange(3)}, "truth")
    assert store.get(digest)["labels"].tolist() == [0, 1, 2]
    assert store.object(digest).parent.parent.name == "truth"
    assert [item.path for item in waste(store, 0)] == [store.object(digest)]
    store.object(digest).write_bytes(b"other")
    assert [damage.path.name for damage in fsck(store).damage] == [digest]
