"""The commands and their options. `--help` imports typer and nothing of the core that is heavier than that."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Will this network still be right on data it was not trained on, and which domain-adaptation method makes it"
    " so? Start with: astrobench run --suite deepadversaries",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

SuiteName = Annotated[
    str,
    typer.Option(
        "--suite",
        "-s",
        help="Name of a suite (see: astrobench list suites), or a TOML file; relative paths lead from its folder.",
    ),
]
Profile = Annotated[
    str | None, typer.Option(help="Size of the run: smoke, laptop or paper; by default what suits the device.")
]
Methods = Annotated[
    str | None, typer.Option("--method", help="Methods to run, comma-separated; the suite's reference is always added.")
]
Architectures = Annotated[
    str | None,
    typer.Option("--architecture", help="Architectures to run, comma-separated, e.g. convnet,timm:convnext_tiny."),
]
Perturbations = Annotated[
    str | None, typer.Option("--perturbation", help="Perturbations to keep, comma-separated labels.")
]
Seeds = Annotated[str | None, typer.Option(help="Seeds to run, comma-separated, e.g. 0,1.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Keep at most this many images of each split.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, or one device such as cuda:1.")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Trainings side by side; by default one a core, or one a GPU.")
]
Results = Annotated[Path, typer.Option(help="Where results are kept; a run goes on from what is there.")]
Sets = Annotated[
    list[str] | None, typer.Option("--set", help="Change any key of the suite, e.g. --set training.epochs=5.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the leaderboard and faults.")]


@app.command()
def run(
    suite: SuiteName,
    profile: Profile = None,
    method: Methods = None,
    architecture: Architectures = None,
    perturbation: Perturbations = None,
    seeds: Seeds = None,
    limit: Limit = None,
    device: Device = "auto",
    workers: Workers = None,
    results: Results = Path("astrobench-results"),
    set_: Sets = None,
    publish: Annotated[
        Path | None, typer.Option(help="Also write records and leaderboard to this folder/<suite>.")
    ] = None,
    in_process: Annotated[bool, typer.Option("--in-process", help="No worker processes: for a debugger.")] = False,
    figures: Annotated[
        bool, typer.Option("--figures/--no-figures", help="Draw the figures that the suite asks for at the end.")
    ] = True,
    latents: Annotated[
        bool, typer.Option("--latents", help="Add latents to the predictions that are written of unlabelled domains.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Run a suite: draw or load data, train, perturb, measure, print the leaderboard, draw its figures.

    Running the same command again goes on where it stopped. Exit code: 0 complete, 1 some cells failed, 2 bad input,
    73 a folder that cannot be written, 75 the machine is at fault (mend it and run again), 130 Ctrl-C, 143 SIGTERM.
    """
    from astrobench.cli.running import Wishes, run_suite

    wishes = Wishes(
        suite, profile, method, architecture, perturbation, seeds, limit, device, workers, results, set_ or []
    )
    raise typer.Exit(
        run_suite(wishes, publish=publish, in_process=in_process, quiet=quiet, figures=figures, latents=latents)
    )


@app.command()
def plan(
    suite: SuiteName,
    profile: Profile = None,
    method: Methods = None,
    architecture: Architectures = None,
    perturbation: Perturbations = None,
    seeds: Seeds = None,
    limit: Limit = None,
    device: Device = "auto",
    workers: Workers = None,
    results: Results = Path("astrobench-results"),
    set_: Sets = None,
) -> None:
    """Show the cells of a suite, what is done, and what the rest takes where that was measured. Runs nothing."""
    from astrobench.cli.planning import show_plan
    from astrobench.cli.running import Wishes

    show_plan(
        Wishes(suite, profile, method, architecture, perturbation, seeds, limit, device, workers, results, set_ or [])
    )


@app.command()
def status(
    suite: SuiteName,
    profile: Profile = None,
    method: Methods = None,
    architecture: Architectures = None,
    perturbation: Perturbations = None,
    seeds: Seeds = None,
    limit: Limit = None,
    device: Device = "auto",
    results: Results = Path("astrobench-results"),
    set_: Sets = None,
) -> None:
    """Show which cells of a suite are done, under way or missing. Exit code 0 when all are done, else 1."""
    from astrobench.cli.planning import show_status
    from astrobench.cli.running import Wishes

    wishes = Wishes(suite, profile, method, architecture, perturbation, seeds, limit, device, None, results, set_ or [])
    raise typer.Exit(show_status(wishes))


@app.command()
def figures(
    suite: SuiteName,
    profile: Profile = None,
    method: Methods = None,
    architecture: Architectures = None,
    perturbation: Perturbations = None,
    seeds: Seeds = None,
    limit: Limit = None,
    device: Device = "auto",
    results: Results = Path("astrobench-results"),
    set_: Sets = None,
    figure: Annotated[
        list[str] | None,
        typer.Option(help="A figure to draw, such as church or severity; by default all that there can be."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the files go; by default RESULTS/figures/SUITE.")] = None,
) -> None:
    """Draw figures of what is stored of a suite, as PNG and SVG. Trains and predicts nothing."""
    from astrobench.cli.figures import draw_figures
    from astrobench.cli.running import Wishes

    wishes = Wishes(suite, profile, method, architecture, perturbation, seeds, limit, device, None, results, set_ or [])
    draw_figures(wishes, figure or [], out)


@app.command("list")
def list_(
    what: Annotated[str | None, typer.Argument(help="A kind (datasets, methods, …) or the name of one plugin.")] = None,
) -> None:
    """List the plugins of every kind: origin, parameters, defaults. With a name: all that is known of that plugin."""
    from astrobench.cli.inspecting import show_plugins

    show_plugins(what)


@app.command()
def check(
    kind: Annotated[str, typer.Argument(help="datasets, architectures, methods, perturbations, metrics or executors.")],
    name: Annotated[str, typer.Argument(help="Name of the plugin.")],
    set_: Annotated[list[str] | None, typer.Option("--set", help="A parameter of it, e.g. --set galaxies=60.")] = None,
) -> None:
    """Check one plugin against the contract. Exit code 0 when it conforms, else 1."""
    from astrobench.cli.inspecting import check_plugin

    raise typer.Exit(check_plugin(kind, name, set_ or []))


@app.command()
def render(
    folder: Annotated[Path, typer.Argument(help="A leaderboard's folder, e.g. leaderboards/deepadversaries.")],
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a file on disk is stale.")] = False,
) -> None:
    """Render table.csv and README.md from records/*.jsonl: no torch, no plugins, no GPU."""
    from astrobench.cli.rendering import render_folder

    render_folder(folder, check=check)


@app.command()
def fsck(
    results: Results = Path("astrobench-results"),
    data: Annotated[
        bool,
        typer.Option("--data", help="Also read every byte of the data behind the results, and of the cache."),
    ] = False,
) -> None:
    """Verify every stored result; set damaged ones aside and say what is computed anew. Exit code 1 if any was.

    With --data, also say which files that results were computed from have changed or are gone, whatever their size
    and time, and which results rest on them; exit code 1 too.
    """
    from astrobench.cli.upkeep import check_data, check_results

    code = check_results(results)
    raise typer.Exit(max(code, check_data(results)) if data else code)


@app.command()
def gc(
    results: Results = Path("astrobench-results"),
    hours: Annotated[float, typer.Option(min=0, help="Leave what was touched in the last hours.")] = 24.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remove nothing; show what would go.")] = False,
) -> None:
    """Remove what no result needs: orphaned arrays, leftovers of killed runs, checkpoints of finished trainings."""
    from astrobench.cli.upkeep import clean_results

    clean_results(results, hours=hours, dry_run=dry_run)


@app.command()
def pack(
    suite: SuiteName,
    folder: Annotated[Path, typer.Argument(help="Where to write records/<profile>.jsonl.")],
    profile: Profile = None,
    method: Methods = None,
    architecture: Architectures = None,
    perturbation: Perturbations = None,
    seeds: Seeds = None,
    limit: Limit = None,
    device: Device = "auto",
    results: Results = Path("astrobench-results"),
    set_: Sets = None,
) -> None:
    """Write what is stored of a suite as one sorted file of records, to keep in git or send. Runs nothing.

    Exit code: 0 complete, 1 some cells have no numbers yet.
    """
    from astrobench.cli.running import Wishes
    from astrobench.cli.upkeep import pack_results

    wishes = Wishes(suite, profile, method, architecture, perturbation, seeds, limit, device, None, results, set_ or [])
    raise typer.Exit(pack_results(wishes, folder))
