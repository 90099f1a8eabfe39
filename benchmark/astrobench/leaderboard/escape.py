"""Names come from plugins and submissions: on a page, in a spreadsheet or on a terminal they must stay names."""

from __future__ import annotations

import re
import unicodedata

# What could move a cursor, hide, or turn a line around: controls, format marks, line separators, halves of pairs.
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
MARKDOWN = re.compile(r"[\\`*\[\]<>|&~$!#@^{}]|(?<![^\W_])_|_(?![^\W_])|:(?=\S)|(?<=www)\.", re.IGNORECASE)
BLOCK = re.compile(r"^(?:[-+](?=\s|$)|[-=]+$|\d+(?=[.)](?:\s|$)))")
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # and their full-width twins


def plain(text: object) -> str:
    """Return text on one line, with "�" for each character that is not seen."""
    told = re.sub(r"\s+", " ", str(text)).strip()
    return told if told.isascii() and told.isprintable() else "".join(map(_seen, told))


def markdown(text: object) -> str:
    """Return text that Markdown shows letter by letter: no markup, no HTML, no links, no table of its own."""
    told = MARKDOWN.sub(lambda match: f"\\{match.group()}", plain(text))
    return BLOCK.sub(_not_a_block, told)


def fenced(text: object) -> str:
    """Return text as a code block whose fence it cannot close."""
    told = plain(text)
    longest = max((len(run) for run in re.findall(r"`+", told)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{told}\n{fence}"


def spreadsheet(text: object) -> str:
    """Return text that no spreadsheet takes for a formula: such a text gets an apostrophe in front."""
    told = plain(text)
    return f"'{told}" if told.startswith(FORMULA) else told


def _seen(letter: str) -> str:
    return "�" if unicodedata.category(letter) in HIDDEN else letter


def _not_a_block(match: re.Match[str]) -> str:
    found = match.group()
    return f"{found}\\" if found.isdigit() else f"\\{found}"
