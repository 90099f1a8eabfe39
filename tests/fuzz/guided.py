"""Inputs led by the branches that they reach: atheris (libFuzzer) on one parser, from its sound sample on.

    cd tests && python -m fuzz.guided records --runs 100000      (needs `.[fuzz]`)

`test_fuzz` spoils samples blindly and fast; this one learns. It ends with exit code 0 after so many runs, or stops at
the first input that is neither read nor refused in one sentence, and leaves that input in a file.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Fuzz one parser."""
    import atheris

    with atheris.instrument_imports(include=["astrobench", "astrobench_galaxies"]):
        from fuzz.parsers import parsers, result_sample
        from fuzz.test_fuzz import NAMES, outcome

    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("parser", choices=NAMES)
    words.add_argument("--runs", type=int, default=100_000)
    asked = words.parse_args()
    work = Path(tempfile.mkdtemp(prefix="astrobench-guided-"))
    parser, corpus = parsers(work)[asked.parser], work / "corpus"
    corpus.mkdir()
    (corpus / "sound").write_bytes(parser.sample or result_sample())
    options = [sys.argv[0], f"-runs={asked.runs}", "-max_len=65536", f"-artifact_prefix={work}/", str(corpus)]
    atheris.Setup(options, lambda data: outcome(parser, data, work) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
