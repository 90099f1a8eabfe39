"""Published files fetched by name: what they are is told first, and what arrived is remembered and held to."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pooch
from astrobench import DataError, cannot_keep, cannot_read, content_digest, need_room, report

from astrobench_galaxies.arrays import open_npy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

CHECKSUMS = "checksums.json"


@dataclass(frozen=True)
class Deposit:
    """Files behind one address and the folder that keeps them. about: licence and citation, in a line."""

    address: str
    folder: Path
    about: str

    def announce(self, wanted: Mapping[tuple[str, ...], int]) -> None:
        """Say what is about to be fetched. wanted: the names a file may have → its bytes.

        Raises DataError where the disk has no room for the files that are not there yet.
        """
        sizes = [size for names, size in wanted.items() if self._kept(names) is None]
        if not sizes:
            return
        told = f"{len(sizes)} files, {sum(sizes) / 1e9:.1f} GB, from {self.address} into {self.folder}; {self.about}"
        report("fetching", 0, len(sizes), told)
        logging.getLogger("astrobench").warning("fetching %s", told)
        need_room(self.folder, sum(sizes))

    def find(self, names: Sequence[str]) -> Path | None:
        """Return the first of the names that is there, fetched if need be, or None where the deposit has none.

        The SHA-256 of a file is recorded when it first arrives and held against the file whenever it changed
        since, or arrives again. Raises DataError for a checksum that differs, for a page that is no array, and
        where the network fails.
        """
        found = self._kept(names) or next((path for name in names if (path := self._fetched(name))), None)
        if found is not None:
            self._hold_to_record(found)
        return found

    def _kept(self, names: Sequence[str]) -> Path | None:
        return next((self.folder / name for name in names if (self.folder / name).is_file()), None)

    def _fetched(self, name: str) -> Path | None:
        path = self.folder / name
        need_room(self.folder, 1)
        pooch.get_logger().setLevel(logging.WARNING)  # its advice to write hashes into code is not for our users
        fetch = pooch.HTTPDownloader(progressbar=_Bar(name), chunk_size=2**20)
        try:
            pooch.retrieve(f"{self.address}/{name}", None, fname=name, path=self.folder, downloader=fetch)
            open_npy(path)
        except OSError as fault:
            if getattr(getattr(fault, "response", None), "status_code", None) == 404:
                return None
            remedy = f"fetch it by hand into {self.folder} or another folder, and give folder = that folder"
            raise DataError(f"cannot fetch {self.address}/{name} ({type(fault).__name__}); {remedy}") from None
        except DataError:
            path.unlink(missing_ok=True)
            raise
        return path

    def _hold_to_record(self, path: Path) -> None:
        record, digest = self._record(), content_digest(path)
        known = record.get(path.name)
        if known is not None and known["sha256"] != digest:
            raise DataError(
                f"{path} differs from what was first fetched: SHA-256 {digest[:12]}…, not {str(known['sha256'])[:12]}…;"
                f" remove it to fetch it again, or its entry in {CHECKSUMS} if the change is meant"
            )
        if known is None:
            entry = {"sha256": digest, "bytes": path.stat().st_size}
            text = json.dumps({**record, path.name: entry}, indent=1, sort_keys=True)
            self._write(text + "\n")

    def _write(self, text: str) -> None:
        part = self.folder / f".{CHECKSUMS}.part"
        try:
            part.write_text(text, encoding="utf-8")
            part.replace(self.folder / CHECKSUMS)
        except OSError as fault:  # what another user fetched can be used by those who cannot write beside it
            logging.getLogger("astrobench").warning("%s", cannot_keep(CHECKSUMS, self.folder, fault))

    def _record(self) -> Mapping[str, dict[str, object]]:
        path = self.folder / CHECKSUMS
        if not path.is_file():
            return {}
        try:
            return {name: dict(entry) for name, entry in json.loads(path.read_text(encoding="utf-8")).items()}
        except OSError as fault:
            raise cannot_read(path, fault) from None
        except (ValueError, AttributeError, TypeError):
            raise DataError(f"{path} is not the record of checksums that was written; remove it") from None


class _Bar:
    """What pooch asks of a progress bar, passed on to `astrobench.report`."""

    total = 0

    def __init__(self, name: str) -> None:
        self.name, self.done = name, 0

    def update(self, size: int) -> None:
        self.done += size
        report(f"fetching {self.name}", self.done, self.total, "bytes")

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        """Nothing to close."""
