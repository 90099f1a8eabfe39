"""What fetching promises: told first, held to its checksum for ever after. A server on this machine stands in."""

from __future__ import annotations

import json
import logging
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import numpy as np
import pytest
from astrobench import DataError
from astrobench.progress import watched_by
from astrobench_galaxies.downloads import Deposit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Quiet(SimpleHTTPRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""

    def log_error(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, Deposit]]:
    remote, local = tmp_path / "remote", tmp_path / "local"
    remote.mkdir()
    local.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(remote)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield remote, Deposit(f"http://127.0.0.1:{server.server_port}", local, "licence X; cite Y")
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_is_fetched_once_and_its_checksum_recorded(served: tuple[Path, Deposit]) -> None:
    remote, deposit = served
    np.save(remote / "a.npy", np.arange(5))
    path = deposit.find(("a.npy",))
    assert path is not None
    np.save(remote / "a.npy", np.arange(9))
    assert deposit.find(("a.npy",)) == path
    assert np.load(path).tolist() == [0, 1, 2, 3, 4]
    record = json.loads((deposit.folder / "checksums.json").read_text())
    assert len(record["a.npy"]["sha256"]) == 64


def test_the_second_name_is_tried_where_the_first_is_not_there(served: tuple[Path, Deposit]) -> None:
    remote, deposit = served
    np.save(remote / "old.npy", np.arange(5))
    found = deposit.find(("new.npy", "old.npy"))
    assert found is not None
    assert found.name == "old.npy"
    assert deposit.find(("neither.npy",)) is None


def test_a_file_that_changed_since_it_was_fetched_is_refused(served: tuple[Path, Deposit]) -> None:
    remote, deposit = served
    np.save(remote / "a.npy", np.arange(5))
    path = deposit.find(("a.npy",))
    assert path is not None
    np.save(path, np.arange(5) + 1)
    with pytest.raises(DataError, match="differs from what was first fetched"):
        deposit.find(("a.npy",))


def test_a_file_fetched_anew_must_be_the_one_first_fetched(served: tuple[Path, Deposit]) -> None:
    remote, deposit = served
    np.save(remote / "a.npy", np.arange(5))
    path = deposit.find(("a.npy",))
    assert path is not None
    path.unlink()
    np.save(remote / "a.npy", np.arange(5) + 1)
    with pytest.raises(DataError, match="differs from what was first fetched"):
        deposit.find(("a.npy",))


def test_a_file_that_was_only_touched_is_accepted(served: tuple[Path, Deposit]) -> None:
    remote, deposit = served
    np.save(remote / "a.npy", np.arange(5))
    path = deposit.find(("a.npy",))
    assert path is not None
    path.touch()
    assert deposit.find(("a.npy",)) == path


def test_a_web_page_in_place_of_an_array_is_not_kept(served: tuple[Path, Deposit]) -> None:
    remote, deposit = served
    (remote / "a.npy").write_text("<html>come back later</html>")
    with pytest.raises(DataError, match="web page"):
        deposit.find(("a.npy",))
    assert not (deposit.folder / "a.npy").exists()


def test_no_network_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    deposit = Deposit("http://127.0.0.1:9", tmp_path, "")
    with pytest.raises(DataError, match=r"cannot fetch http://127.0.0.1:9/a.npy .*; fetch it by hand into") as fault:
        deposit.find(("a.npy",))
    assert "\n" not in str(fault.value)


def test_a_record_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(3))
    (tmp_path / "checksums.json").write_text("[1]")
    with pytest.raises(DataError, match="not the record of checksums"):
        Deposit("http://127.0.0.1:9", tmp_path, "").find(("a.npy",))


def test_licence_citation_and_size_are_told_beforehand(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    deposit, told = Deposit("https://x.org", tmp_path, "licence X; cite Y"), []
    np.save(tmp_path / "here.npy", np.arange(3))
    with caplog.at_level(logging.WARNING), watched_by(lambda *words: told.append(words[3])):
        deposit.announce({("here.npy",): 10**9, ("a.npy",): 2 * 10**6, ("b.npy", "c.npy"): 10**8})
    assert "2 files, 0.1 GB, from https://x.org" in caplog.text
    assert "licence X; cite Y" in caplog.text
    assert told[0] in caplog.text


def test_nothing_is_told_where_nothing_is_to_be_fetched(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    np.save(tmp_path / "here.npy", np.arange(3))
    Deposit("https://x.org", tmp_path, "").announce({("here.npy",): 10**9})
    assert caplog.text == ""


def test_a_disk_too_small_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="GB free, want"):
        Deposit("https://x.org", tmp_path, "").announce({("a.npy",): 10**18})
