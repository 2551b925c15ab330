"""The command line: one verb per question, messages instead of tracebacks.

Exit codes: 0 answered; 2 the input is wrong, or a point of a study has no answer; 3 a solve did
not reach its tolerance, or no solve of the points without an answer did; 1 a bug; 128 and its
number after a signal. Under ``mpirun`` every rank runs the verb, rank 0 speaks, and all ranks leave
together.
"""

from __future__ import annotations

import functools
import io
import json
import os
import shlex
import signal
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cellion.errors import CellionError, SetupError
from cellion.signals import Ended, end_all_ranks, ended_by_signals

if TYPE_CHECKING:
    from mpi4py import MPI

    from cellion.scenario.scenario import Scenario

__all__ = ["app", "main"]

app = typer.Typer(
    name="cellion",
    help="Effective ion and electron transport through solid-state battery microstructures.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

_RANK_VARIABLES = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")
_SIZE_VARIABLES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")

_AFTER_ALL = "nothing incomplete was left as a result"
_AFTER = {"study": "finished points are kept; the same command with --resume goes on"}
"""What is said after an interrupt."""

ScenarioFile = Annotated[
    Path, typer.Argument(metavar="SCENARIO.yaml", help="The scenario file.", show_default=False)
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Replace one value, for example --set mesh.size='0.5 um'. Repeat for more.",
        show_default=False,
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="DIR", help="Result folder [results/<name>]."),
]


def main() -> None:
    """Run the command line of this process and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may lack a letter of a folder's name
            stream.reconfigure(errors="backslashreplace")
    with ended_by_signals():
        _call()


def _call() -> None:
    """Run the command line; ranks other than 0 are silent."""
    if _number(_RANK_VARIABLES) == 0:
        app()
    # The other ranks work silently; an uncaught exception restores their streams on its way out.
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        app()


def _number(variables: tuple[str, ...]) -> int:
    """Return what the launcher of a parallel run says, without starting MPI; 0 outside of one."""
    found = next((os.environ[name] for name in variables if name in os.environ), "0")
    return int(found) if found.isdecimal() else 0


def _tell(line: str) -> None:
    """Print a line of progress."""
    typer.echo(line, err=True)


def _answering[**P](verb: Callable[P, None]) -> Callable[P, None]:
    """Turn the errors of a user into a message and an exit code."""

    @functools.wraps(verb)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            verb(*args, **kwargs)
        except CellionError as error:
            typer.echo(f"cellion: {error}", err=True)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt as end:
            code = 128 + (end.number if isinstance(end, Ended) else signal.SIGINT)
            told = f"cellion: interrupted; {_AFTER.get(verb.__name__, _AFTER_ALL)}"
            typer.echo(told, err=True)
            end_all_ranks(code, told)
            raise typer.Exit(code) from None

    return guarded


def _world() -> MPI.Comm:
    """Start MPI, with a hook that ends all ranks when one meets a bug.

    Raises:
        SetupError: The launcher belongs to another MPI, so that every process would be alone.
    """
    from cellion.parallel import install_abort_hook, world

    comm = world()
    started = _number(_SIZE_VARIABLES)
    if started > 1 and comm.size == 1:
        raise SetupError(
            f"{started} processes were started, but by the launcher of another MPI: each of them "
            "is alone and would write the same files. Use the mpirun beside this Python, "
            f"{Path(sys.executable).parent / 'mpirun'}, or the one DOLFINx was built with"
        )
    install_abort_hook(comm)
    return comm


def _loaded(path: Path, overrides: list[str] | None, comm: MPI.Comm) -> Scenario:
    """Read the scenario on rank 0 and hand it to all."""
    from cellion.parallel import on_root

    from cellion.scenario.load import load_scenario

    return on_root(comm, lambda: load_scenario(path, overrides or ()))


@app.command()
@_answering
def run(scenario: ScenarioFile, output: Folder = None, overrides: Overrides = None) -> None:
    """Compute the effective transport of one scenario (also under mpirun -n N)."""
    comm = _world()
    from cellion.export.tables import console_table
    from cellion.pipeline.run import run as run_scenario
    from cellion.study.bar import terminal_stages

    loaded = _loaded(scenario, overrides, comm)
    folder = output or Path("results") / loaded.name
    with terminal_stages() as tell:
        result = run_scenario(loaded, comm, folder=folder, tell=tell)
    Console().print(console_table(result))
    for note in result.notes:
        typer.echo(f"note: {note}")
    typer.echo(f"results: {folder}")


@app.command()
@_answering
def check(scenario: ScenarioFile, overrides: Overrides = None) -> None:
    """Validate a scenario and estimate unknowns, memory and time; nothing is solved."""
    from cellion.pipeline.estimate import estimate
    from cellion.scenario.load import load_scenario

    loaded = load_scenario(scenario, overrides or ())
    lines = list(estimate(loaded).lines())
    if loaded.study is not None:
        from cellion.study.foresee import check_points

        lines += check_points(loaded)
    for line in lines:
        typer.echo(line)


@app.command()
@_answering
def study(
    scenario: ScenarioFile,
    output: Folder = None,
    overrides: Overrides = None,
    resume: Annotated[
        bool | None,
        typer.Option(
            "--resume/--restart",
            help="Keep the finished runs of an earlier study in the folder, or delete them.",
            show_default=False,
        ),
    ] = None,
    ranks_per_point: Annotated[
        int, typer.Option(min=1, metavar="N", help="Ranks that answer a point together.")
    ] = 1,
    workers: Annotated[
        int, typer.Option(min=0, metavar="N", help="Processes without mpirun; or jobs at a time.")
    ] = 0,
    submit: Annotated[
        str | None, typer.Option(metavar="local|slurm", help="Give the points to a batch system.")
    ] = None,
    submit_option: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="For submitit, such as slurm_partition=long."),
    ] = None,
) -> None:
    """Run every point of a scenario's `study` section (under mpirun, one point per rank)."""
    comm = _world()
    from cellion.study.bar import terminal_bar
    from cellion.study.cluster import submission
    from cellion.study.run import Execution, run_study

    execution = Execution(
        ranks_per_point=ranks_per_point,
        workers=workers,
        submission=submission(submit, submit_option or ()),
    )
    loaded = _loaded(scenario, overrides, comm)
    folder = output or Path("results") / loaded.name
    with terminal_bar() as show:
        answer = run_study(
            loaded,
            comm,
            folder=folder,
            resume=resume is True,
            restart=resume is False,
            execution=execution,
            show=show,
        )
    for line in (*answer.failures, *answer.notes):
        _tell(line)
    Console().print(answer.summary())
    typer.echo(f"results: {folder}")
    typer.echo(f"as one page: cellion report {shlex.quote(str(folder))}")
    answer.check()


@app.command()
@_answering
def fit(
    scenario: ScenarioFile,
    output: Folder = None,
    overrides: Overrides = None,
    vary: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Value to fit, such as interfaces[0].area_resistance."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Measured effective conductivity, such as '0.1 mS/cm'.")
    ] = None,
    uncertainty: Annotated[
        str | None, typer.Option(help="Uncertainty of the measured conductivity.")
    ] = None,
    between: Annotated[
        str | None, typer.Option(metavar="LOW:HIGH", help="Range that is searched.")
    ] = None,
    carrier: Annotated[str, typer.Option(help="Carrier that was measured.")] = "ion",
) -> None:
    """Find the interface value that explains a measured conductivity (the `fit` section)."""
    comm = _world()
    from cellion.scenario.fit import fit_override
    from cellion.study.bar import terminal_stages
    from cellion.study.fit import run_fit

    given = fit_override(vary, target, uncertainty, between, carrier)
    loaded = _loaded(scenario, [*(overrides or ()), *given], comm)
    folder = output or Path("results") / loaded.name
    with terminal_stages() as tell:
        table = run_fit(loaded, comm, folder=folder, tell=tell)
    Console().print(table)
    typer.echo(f"results: {folder}")


@app.command()
@_answering
def report(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Folder of a run or of a study.", show_default=False),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="The page [DIR/report.html]."),
    ] = None,
    experiments: Annotated[
        bool, typer.Option("--experiments", help="Show published measurements beside the answers.")
    ] = False,
) -> None:
    """Write DIR/report.html: the answer, diagrams, tables and provenance on one page."""
    from cellion.export.report.render import write_report

    typer.echo(f"report: {write_report(folder, output=output, experiments=experiments)}")


@app.command()
@_answering
def materials(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Show one material in full.")
    ] = None,
) -> None:
    """List the library of materials: values, units, conditions, sources."""
    from cellion.export.materials import materials_table

    Console().print(materials_table(name))


@app.command()
@_answering
def rates(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[SCENARIO.yaml|MATERIAL|FAMILY]",
            help="A scenario, a material of the library, a crystal family (olivine) or one of its "
            "materials (olivine/LiMgPO4).",
        ),
    ] = None,
    temperatures: Annotated[
        str, typer.Option(metavar="FIRST:LAST:STEP", help="A range, a list, or one temperature.")
    ] = "250K:600K:50K",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Folder of tables and plots [results]."),
    ] = None,
    overrides: Overrides = None,
    screen: Annotated[
        bool, typer.Option("--screen", help="Rank all materials by ionic conductivity instead.")
    ] = False,
    at: Annotated[str, typer.Option(help="Temperature of the ranking.")] = "298.15 K",
    deviation: Annotated[
        str, typer.Option(help="Standard deviation of the barriers in the ranking.")
    ] = "50 meV",
) -> None:
    """Show conductivity tensors over temperature; write a table and an Arrhenius plot."""
    from cellion.pipeline.rates import answer_rates, answer_screening

    shown, files = (
        answer_screening(target, at, deviation, output)
        if screen
        else answer_rates(target, temperatures, output, overrides or ())
    )
    out = Console()
    for table in shown:
        out.print(table)
    for file in files:
        typer.echo(f"written: {file}")


@app.command()
@_answering
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from cellion.scenario.schema import json_schema

    typer.echo(json.dumps(json_schema(), indent=2))


@app.callback(invoke_without_command=True)
def _top(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Effective ion and electron transport through solid-state battery microstructures."""
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"cellion {installed('cellion')}")
        raise typer.Exit(0)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
