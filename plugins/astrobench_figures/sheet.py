"""A finished figure: where it came from is written on it, and its bytes are the same whenever it is drawn anew."""

from __future__ import annotations

import io
import re
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import matplotlib.style
import numpy as np
from astrobench import DataError
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from astrobench import Exhibit

DOTS_PER_INCH = 130
FILM_DOTS_PER_INCH, PALETTE = 90, 128
KEEP_RARE = Image.Quantize.MAXCOVERAGE  # a class whose dots are few keeps its colour
FOOT_INCHES = 0.16  # a line of the foot
LETTERS_PER_INCH = 17  # of the foot, where most are digits
HEAD_INCHES = 0.6
HEAD_LETTERS_PER_INCH, LABELS_INCHES = 12, 0.17  # of the labels below the heading, and a further line of them
TITLE_LETTERS_PER_INCH = 13  # of a panel's title
LONGEST_NAME = 200  # of 255 bytes that file systems take: a suffix and a part of a key follow
UNBROKEN = "\N{NO-BREAK SPACE}"
SHOWN = 12
"""Digits of a key in a figure's foot; its metadata have all 64."""


@dataclass(frozen=True)
class Film:
    """What makes a movie of a painted figure: how many frames, how many a second, and what shows a frame's state."""

    frames: int
    rate: int
    show: Callable[[Figure, int], None]


@dataclass(frozen=True, eq=False)
class Sheet:
    """A figure to be drawn. labels: what tells it from others of its kind, for its title and its file's name.

    exhibits: the cells that it shows. inches: width and height of the drawing, without title and foot. paint: draws
    on an empty figure. keys: what the keys in the foot are of; from the exhibits by default. The files' metadata name
    the key of every exhibit, those too that the foot has no room for.
    """

    heading: str
    labels: tuple[str, ...]
    exhibits: tuple[Exhibit, ...]
    inches: tuple[float, float]
    paint: Callable[[Figure], None]
    keys: tuple[tuple[str, str], ...] = ()
    film: Film | None = None

    @property
    def title(self) -> str:
        """Return the heading, which says "synthetic" where the dataset does, and the labels."""
        synthetic = " (synthetic data)" if any(exhibit.synthetic for exhibit in self.exhibits) else ""
        return f"{self.heading}{synthetic}\n{', '.join(self.labels)}"

    def origin(self, digits: int = SHOWN) -> str:
        """Return which records this shows: suite, profile, labels and keys."""
        first = self.exhibits[0]
        keys = self.keys or tuple((f"cell {one.domain}", one.key) for one in self.exhibits)
        profile = f", profile {first.profile}" if first.profile else ""
        told = "; ".join(f"{name} {key[:digits]}".replace(" ", UNBROKEN) for name, key in keys)
        return f"astrobench suite {first.suite} version {first.version}{profile}; {', '.join(self.labels)}; {told}"

    @property
    def records(self) -> str:
        """Return which records this shows with whole keys, and those of all other cells that it shows."""
        named = {key for _, key in self.keys} if self.keys else {one.key for one in self.exhibits}
        others = " ".join(one.key for one in self.exhibits if one.key not in named)
        return self.origin(digits=64) + (f"; other cells {others}" if others else "")


def those_drawn(makers: Iterable[Callable[[], Sheet]], refusal: Callable[[], DataError]) -> Iterator[Sheet]:
    """Yield the sheets that stored cells can fill. Where none can: raise why the first could not, or the refusal."""
    found, fault = 0, None
    for make in makers:
        try:
            sheet = make()
        except DataError as error:
            fault = fault or error
            continue
        found += 1
        yield sheet
    if not found:
        raise fault or refusal()


def in_lines(words: str, inches: float) -> str:
    """Return a panel's title, of 9 points, in as many lines as a panel so wide needs."""
    return "\n".join(textwrap.wrap(words, max(int(inches * TITLE_LETTERS_PER_INCH), 8)))


@dataclass
class Names:
    """File names of the sheets of one figure. Labels that differ may leave one name: the later one gets its key."""

    taken: set[str] = field(default_factory=set)

    def of(self, figure: str, sheet: Sheet) -> str:
        """Return the stem of a sheet's files: letters that any file system and any link takes."""
        words = (re.sub(r"[^A-Za-z0-9_.+=]+", "-", label).strip("-.") for label in sheet.labels)
        stem = "-".join([figure, *words])
        if stem in self.taken or len(stem) > LONGEST_NAME:
            stem = f"{stem[:LONGEST_NAME]}-{sheet.exhibits[-1].key[:8]}"
        self.taken.add(stem)
        return stem


def files_of(sheet: Sheet) -> Iterator[tuple[str, bytes]]:
    """Yield suffix and bytes of a sheet: png and svg, or gif. Needs no display and heeds no settings of the machine."""
    with matplotlib.style.context("default"), matplotlib.rc_context({"svg.hashsalt": "astrobench", "font.size": 9}):
        figure = _laid_out(sheet)
        if sheet.film:
            yield "gif", _moving(figure, sheet.film, f"{sheet.title}: {sheet.origin(digits=64)}")
            return
        about = {"Title": sheet.title.replace("\n", ": "), "Description": sheet.records}
        for suffix, rest in (("png", {"Software": None}), ("svg", {"Date": None, "Creator": None})):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=suffix, dpi=DOTS_PER_INCH, metadata={**about, **rest})
            yield suffix, buffer.getvalue()


def _moving(figure: Figure, film: Film, comment: str) -> bytes:
    """Return an animated GIF that goes round for ever. Frames share a palette, so that what rests stays the same."""
    canvas: Any = FigureCanvasAgg(figure)
    frames: list[Image.Image] = []
    figure.set_dpi(FILM_DOTS_PER_INCH)
    for number in range(film.frames):
        film.show(figure, number)
        canvas.draw()
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
        frames.append(picture.quantize(PALETTE, KEEP_RARE, dither=Image.Dither.NONE, palette=next(iter(frames), None)))
    buffer = io.BytesIO()
    frames[0].save(
        buffer, format="GIF", save_all=True, append_images=frames[1:], duration=1000 // film.rate, loop=0,
        comment=comment.encode(),
    )  # fmt: skip
    return buffer.getvalue()


def _laid_out(sheet: Sheet) -> Figure:
    """Return the painted figure: a title above and a foot below that take no room from the drawing."""
    wide, high = sheet.inches
    lines = textwrap.wrap(sheet.origin(), int(wide * LETTERS_PER_INCH))
    heading, labels = sheet.title.split("\n", 1)
    told = textwrap.wrap(labels, int(wide * HEAD_LETTERS_PER_INCH))
    foot = FOOT_INCHES * (len(lines) + 0.5)
    total = high + HEAD_INCHES + LABELS_INCHES * (len(told) - 1) + foot
    layout = ConstrainedLayoutEngine(rect=(0, foot / total, 1, high / total))
    figure = Figure(figsize=(wide, total), layout=layout)
    sheet.paint(figure)
    figure.text(0.5, 1 - 0.08 / total, heading, ha="center", va="top", fontsize=12, fontweight="bold")
    figure.text(0.5, 1 - 0.31 / total, "\n".join(told), ha="center", va="top", fontsize=10)
    figure.text(0.06 / wide, 0.06 / total, "\n".join(lines), ha="left", va="bottom", fontsize=6.5, color="0.35")
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # once is enough for both files
    return figure
