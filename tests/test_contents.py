"""Digests of files: whatever changes a file's bytes changes them, under whatever name, size and time."""

from __future__ import annotations

import hashlib
import os

import pytest
from astrobench import contents
from astrobench.caching import sha256_of
from astrobench.contents import content_digest
from astrobench.errors import SuiteError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("ASTROBENCH_CACHE", str(folder))
    return folder


@pytest.fixture
def settled(monkeypatch):
    """Let a file be old enough at once, so that its digest is remembered."""
    monkeypatch.setattr(contents, "SETTLED", -60.0)


@pytest.fixture
def hashed(monkeypatch):
    """Return the files whose bytes are read, as they are read."""
    found = []
    monkeypatch.setattr(contents, "sha256_of", lambda path: found.append(path.name) or sha256_of(path))
    return found


def same_times(path, content):
    """Change a file where it lies, and give it the size and the time of content that it had."""
    told = path.stat()
    assert len(content) == told.st_size
    path.write_bytes(content)
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (told.st_size, told.st_mtime_ns)


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
        (tmp_path / name).write_text(name)
    path = tmp_path / "set" / "mine.csv"
    path.write_text("id, Path ,label\n1,images/a.png,x\n2,../elsewhere.png,y\n3,gone.png,y\n4\n")
    return path


def test_a_table_changes_with_the_bytes_of_the_files_that_it_lists(table, cache):
    first = content_digest(table)
    for image in (table.parent / "images" / "a.png", table.parent.parent / "elsewhere.png"):
        sound = image.read_bytes()
        image.write_bytes(sound[::-1])
        assert content_digest(table) != first
        image.write_bytes(sound)
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


def test_a_digest_is_remembered_while_nothing_about_the_file_changes(tmp_path, cache, settled, hashed):
    path = tmp_path / "a.npy"
    path.write_text("one")
    assert content_digest(path) == content_digest(path)
    assert hashed == ["a.npy"]
    assert content_digest(path, anew=True) == content_digest(path)
    assert hashed == ["a.npy"] * 2


def test_another_content_of_equal_size_and_time_is_noticed(tmp_path, cache, settled):
    path = tmp_path / "a.npy"
    path.write_bytes(b"one")
    first = content_digest(path)
    same_times(path, b"two")
    assert content_digest(path) == hashlib.sha256(b"two").hexdigest() != first


def test_another_file_in_its_place_of_equal_size_and_time_is_noticed(tmp_path, cache, settled, monkeypatch):
    path, other = tmp_path / "a.npy", tmp_path / "b.npy"
    path.write_bytes(b"one"), other.write_bytes(b"two")
    os.utime(path, (1e9, 1e9)), os.utime(other, (1e9, 1e9))
    first = content_digest(path)
    other.replace(path)
    assert content_digest(path) == hashlib.sha256(b"two").hexdigest() != first


def test_an_image_of_a_table_and_a_file_of_a_folder_are_noticed_too(table, cache, settled):
    image = table.parent / "images" / "a.png"
    for place in (table, table.parent):
        first = content_digest(place)
        same_times(image, image.read_bytes()[::-1])
        assert content_digest(place) != first


def test_a_link_that_leads_elsewhere_is_noticed(tmp_path, cache, settled):
    for name in ("one", "two"):
        (tmp_path / name).write_text(f"{name} galaxy")
        os.utime(tmp_path / name, (1e9, 1e9))
    link = tmp_path / "link"
    link.symlink_to("one")
    first = content_digest(link)
    link.unlink()
    link.symlink_to("two")
    assert content_digest(link) == content_digest(tmp_path / "two") != first


def test_a_file_that_was_written_just_now_is_not_trusted_to_stay(tmp_path, cache):
    path = tmp_path / "a.npy"
    path.write_text("one")
    os.utime(path, (1e9, 1e9))  # as a tool does that unpacks or copies; its status changed just now
    content_digest(path)
    assert not cache.exists()


def test_a_file_that_changes_while_it_is_read_is_not_remembered(tmp_path, cache, settled, monkeypatch):
    path = tmp_path / "a.npy"
    path.write_text("one")

    def reading(file):
        digest = sha256_of(file)
        path.write_text("two, and longer")
        return digest

    monkeypatch.setattr(contents, "sha256_of", reading)
    content_digest(path)
    assert not cache.exists()


def test_a_folder_that_links_to_itself_is_read_once(tmp_path, cache, hashed):
    (tmp_path / "set" / "inner").mkdir(parents=True)
    (tmp_path / "set" / "a.npy").write_text("one")
    (tmp_path / "set" / "inner" / "again").symlink_to(tmp_path / "set")
    os.mkfifo(tmp_path / "set" / "pipe")
    content_digest(tmp_path / "set")
    assert hashed == ["a.npy"]


@pytest.mark.parametrize("name", ["mine.txt", "mine", "mine.tsv", "mine.dat", "mine.CSV"])
@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
@pytest.mark.parametrize("column", ["Path", "file name", "image"])
def test_a_table_follows_its_images_whatever_it_is_called(table, cache, name, separator, column):
    path = table.parent / name
    path.write_text(table.read_text().replace("Path", column).replace(",", separator), encoding="latin-1")
    first = content_digest(path)
    (table.parent / "images" / "a.png").write_text("another")
    assert content_digest(path) != first


def test_a_list_without_a_header_follows_its_files(table, cache):
    path = table.parent / "list.txt"
    path.write_text("images/a.png\n../elsewhere.png\n")
    first = content_digest(path)
    (table.parent.parent / "elsewhere.png").write_text("another")
    assert content_digest(path) != first


def test_a_linked_table_lists_what_lies_beside_the_link(table, cache, tmp_path):
    (tmp_path / "here" / "images").mkdir(parents=True)
    (tmp_path / "here" / "images" / "a.png").write_text("one")
    link = tmp_path / "here" / "mine.csv"
    link.symlink_to(table)
    first = content_digest(link)
    (tmp_path / "here" / "images" / "a.png").write_text("two")
    assert content_digest(link) != first


def test_every_path_of_a_list_is_digested(tmp_path, cache):
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    told = [str(tmp_path / name) for name in ("a", "b")]
    assert contents.contents(told) == [hashlib.sha256(name.encode()).hexdigest() for name in ("a", "b")]


@pytest.mark.parametrize("spoiled", ["{", "[]", '{"x": 1}'])
def test_a_spoiled_cache_costs_time_and_nothing_else(tmp_path, cache, spoiled):
    path = tmp_path / "a.npy"
    path.write_text("one")
    cache.mkdir()
    (cache / "digests.json").write_text(spoiled)
    assert content_digest(path) == hashlib.sha256(b"one").hexdigest()


def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.npy"
    path.write_text("one")
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
