"""What a leaderboard shows where its suite does not say: a headline score per domain, its gain, and calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from astrobench.records import Row

UNPERTURBED = "none"
HEADLINES = (("accuracy", "Accuracy", True), ("r2", "R²", False))
"""Score, title and whether it is shown in percent: the first that the records have is the headline."""

CALIBRATION = (("ece", "ECE"), ("chi2", "χ²"))
MOST_SCORES = 3
MOST_COLUMNS = 12
"""Of scores that no headline is among, and of columns: more would be read by nobody; `table.csv` needs none of them."""


def completed(suite: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
    """Return a suite whose columns and rank name cells that it has, chosen from its records where it names none.

    suite: as in `Header.suite`. A suite without columns gets the headline score of each domain, its gain on each
    target, and calibration; without rank as well, it is ranked on its first target. The perturbation "none" means the
    unperturbed images, whatever the suite labels them.
    """
    body = dict(suite)
    unperturbed = unperturbed_label(suite)
    if not body.get("columns"):
        body["columns"] = _columns(suite, rows, unperturbed)
        targets = _targets(suite)
        if not body.get("rank") and targets:
            body["rank"] = {"domain": targets[0], "perturbation": unperturbed}
    if unperturbed != UNPERTURBED:
        body["columns"] = [_relabelled(column, unperturbed) for column in body["columns"]]
        body["rank"] = body.get("rank") and _relabelled(body["rank"], unperturbed)
    return body


def unperturbed_label(suite: Mapping[str, Any]) -> str:
    """Return the label under which a suite sweeps unperturbed images."""
    uses = (suite.get("axes") or {}).get("perturbation") or ()
    labels = {use["plugin"]: use.get("label") or use["plugin"] for use in reversed(uses) if isinstance(use, dict)}
    return str(labels.get(UNPERTURBED, UNPERTURBED))


def _relabelled(body: Mapping[str, Any], unperturbed: str) -> dict[str, Any]:
    told = body.get("perturbation", UNPERTURBED)
    return {**body, "perturbation": unperturbed if told == UNPERTURBED else told}


def _domains(suite: Mapping[str, Any], rows: Iterable[Row]) -> list[str]:
    axis = (suite.get("axes") or {}).get("domain") or ()
    return [*axis, *sorted({row.domain for row in rows} - set(axis))]


def _targets(suite: Mapping[str, Any]) -> list[str]:
    """Return the domains that are not what every dataset of the suite trains on."""
    axes = suite.get("axes") or {}
    domains = list(axes.get("domain") or ())
    sources = {use.get("source") or domains[0] for use in axes.get("dataset") or () if domains}
    return [domain for domain in domains if sources != {domain}]


def _columns(suite: Mapping[str, Any], rows: Sequence[Row], unperturbed: str) -> list[dict[str, Any]]:
    scores = {name for row in rows for name in row.scores}
    domains, targets = _domains(suite, rows), _targets(suite)
    perturbations = sorted({row.perturbation for row in rows} - {unperturbed})
    found: list[dict[str, Any]] = []
    for score, title, percent in _headlines(scores):
        shown = {"score": score, "percent": percent, "perturbation": unperturbed}
        found += [{**shown, "title": f"{title} ({domain})", "domain": domain} for domain in domains]
        found += [{**shown, "title": f"{title} gain ({d})", "domain": d, "kind": "gain"} for d in targets]
        found += [
            {**shown, "title": f"{title} ({domain}, {name})", "domain": domain, "perturbation": name}
            for name in perturbations
            for domain in domains
        ]
    named = [(score, title) for score, title in CALIBRATION if score in scores and _headlines(scores)[0][0] in KNOWN]
    found += [
        {"title": f"{title} ({domain})", "score": score, "domain": domain, "perturbation": unperturbed}
        for score, title in named
        for domain in domains
    ]
    return found[:MOST_COLUMNS]


KNOWN = frozenset(score for score, _, _ in HEADLINES)


def _headlines(scores: set[str]) -> list[tuple[str, str, bool]]:
    """Return the headline score, or where the suite's metrics give none of those, the first few that they give."""
    known = [headline for headline in HEADLINES if headline[0] in scores]
    return known[:1] or [(name, name, False) for name in sorted(scores)[:MOST_SCORES]]
