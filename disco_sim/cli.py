"""The command `disco-sim`: a demonstration, scripts that are run and looked into, and JupyterLab on the notebooks."""

from __future__ import annotations

import importlib.util
import io
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial, wraps
from html import escape
from itertools import dropwhile, takewhile
from typing import Any

import click

from disco_sim import __version__, compat
from disco_sim.compat.dialect import V05
from disco_sim.core import Disco, Job
from disco_sim.error import DiscoError, JobError
from disco_sim.model.cluster import ClusterSpec
from disco_sim.model.dialect import DOCUMENTED
from disco_sim.script import Script
from disco_sim.tables import Table, table_text
from disco_sim.tracebacks import short_chain
from disco_sim.views.report import job_part, report_page
from disco_sim.views.rows import oob_table, partitions_table
from disco_sim.views.state import JobState

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_IMPORTERS = tuple(os.path.join(_PACKAGE, "compat", name) for name in ("finder.py", "missing.py"))
_INTERRUPTED = 130
_MOST_ROWS = 60
_DIALECTS = {dialect.name: dialect for dialect in (V05, DOCUMENTED)}


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="disco-sim")
def main() -> None:
    """Disco MapReduce jobs on a cluster that exists only in this process, in virtual time."""


@main.command()
@click.option(
    "--html",
    default="demo.html",
    show_default=True,
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Where to write the page.",
)
def demo(html: str) -> None:
    """Count the words of Hamlet and show the answer, the partitions and the out-of-band results."""
    from disco_sim.demo import Demo, demo_disco

    with demo_disco() as disco:
        shown = Demo(disco)
        click.echo(shown.text())
        _write(html, shown.html(), "--html")
    click.echo("\nThe job with its timeline, as a page: ", nl=False)
    click.echo(html)
    if not shown.is_right:
        sys.exit(1)


@main.command(context_settings={"allow_interspersed_args": False})
@click.argument("script", type=click.Path(exists=True, dir_okay=False))
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
@click.option("--oob", is_flag=True, help="Afterwards, print the out-of-band results of each job.")
@click.option("--partitions", is_flag=True, help="Afterwards, print the partitions of each job.")
@click.option("--events", is_flag=True, help="Print events as they happen, as Disco does with DISCO_EVENTS=1.")
@click.option("--report", metavar="FILE", type=click.Path(dir_okay=False), help="Write a page that plays every job.")
@click.option(
    "--nodes", metavar="NODES", help="The cluster that `disco` runs on: a number, or 'node01:10 x4, big x16'."
)
@click.option("--seed", type=int, help="What decides all luck on that cluster.")
@click.option(
    "--dialect",
    type=click.Choice(list(_DIALECTS)),
    help="What jobs of `disco` do where Disco's documentation and its code differ.  [default: 0.5]",
)
def run(
    script: str,
    args: tuple[str, ...],
    oob: bool,
    partitions: bool,
    events: bool,
    report: str | None,
    nodes: str | None,
    seed: int | None,
    dialect: str | None,
) -> None:
    """Run a Python SCRIPT with its ARGS, and look into the jobs that it ran.

    A script that imports `disco` gets the simulated one, so scripts for a real Disco cluster run as they are. Options
    for disco-sim stand before SCRIPT; everything after it is the script's own. When the script fails, what was asked
    for is printed all the same.
    """
    if events and not os.environ.get("DISCO_EVENTS"):
        os.environ["DISCO_EVENTS"] = "1"
    options: dict[str, Any] = {
        "nodes": nodes and _cluster(nodes),
        "seed": seed,
        "dialect": dialect and _DIALECTS[dialect],
    }
    options = {name: value for name, value in options.items() if value is not None}
    page = None if report is None else os.path.abspath(report)  # the script may go to another folder
    with recorded_discos() as discos, Script(script, args) as running:
        status = _run_script(running, options)
        jobs = [(disco, job) for disco in discos for job in disco.cluster.log.jobs]
        if oob or partitions:
            _print_tables(jobs, oob, partitions)
        if page is not None:
            parts = [_told_of(job, partial(_part, disco, job), _sorry) for disco, job in jobs]
            lead = "" if parts else "The script ran no job."
            _write(page, report_page(os.path.basename(script), lead, parts), "--report")
            click.echo(f"\nThe jobs as a page: {report}", err=True)
        elif (oob or partitions) and not jobs:
            click.echo("The script ran no job.", err=True)
        for disco in discos:
            disco.close()
    sys.exit(status)


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("args", nargs=-1, type=click.UNPROCESSED, metavar="[JUPYTERLAB OPTIONS]...")
def lab(args: tuple[str, ...]) -> None:
    """Open JupyterLab on ./notebooks, else on the notebooks of the source tree that disco_sim runs from.

    The installed package has no notebooks; without either folder, JupyterLab opens the current folder.

    Options are JupyterLab's own, such as --no-browser or --notebook-dir=FOLDER.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise click.ClickException(
            "JupyterLab is not installed in this Python; install it with: python -m pip install jupyterlab"
        )
    beside = os.path.join(os.path.dirname(os.path.dirname(_PACKAGE)), "notebooks")
    folder = next(filter(os.path.isdir, ("notebooks", beside)), ".")
    is_told = any(option.startswith("--notebook-dir") for option in args)
    if folder == "." and not is_told:
        click.echo(
            "There is no folder 'notebooks' here, and the notebooks of disco_sim come with its source, not with the "
            "installed package; JupyterLab opens the current folder. Name another one: "
            "disco-sim lab --notebook-dir=FOLDER",
            err=True,
        )
    sys.argv = ["jupyter-lab", *([] if is_told else [f"--notebook-dir={folder}"]), *args]
    runpy.run_module("jupyterlab", run_name="__main__", alter_sys=True)


@contextmanager
def recorded_discos() -> Iterator[list[Disco]]:
    """Within it, every Disco that is made is added to the list, and kept alive."""
    made: list[Disco] = []
    init = Disco.__init__

    @wraps(init)
    def noted(disco: Disco, *arguments: Any, **options: Any) -> None:
        init(disco, *arguments, **options)
        made.append(disco)

    Disco.__init__ = noted  # type: ignore[method-assign, assignment]
    try:
        yield made
    finally:
        Disco.__init__ = init  # type: ignore[method-assign]


def _cluster(nodes: str) -> ClusterSpec:
    try:
        return ClusterSpec.of(int(nodes)) if nodes.strip().isdigit() else ClusterSpec.parse(nodes)
    except DiscoError as error:
        raise click.BadParameter(str(error), param_hint="--nodes") from error


def _run_script(script: Script, options: dict[str, Any]) -> int:
    """Run `script` to its end, `disco` on a cluster made with `options`; its exit status."""
    with _face(options):
        status = _status_of(script.run, script.path)
        # Threads and functions of atexit find the clusters open.
        return _status_of(script.end, script.path) or status


def _status_of(do: Callable[[], None], script: str) -> int:
    """The exit status of Python after `do()`; what ends it early is told."""
    try:
        do()
    except SystemExit as asked:
        return _status(asked.code)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        return _INTERRUPTED
    except BaseException as error:
        if isinstance(error, BrokenPipeError) and _is_cut_off():
            return 1
        click.echo(_told(error, script), err=True, nl=False)
        return 1
    return 0


@contextmanager
def _face(options: dict[str, Any]) -> Iterator[None]:
    """Within it, `import disco` gives the simulated Disco, unless the script has another package of that name."""
    was_installed, refusal = compat.installed(), None
    try:
        compat.install(**options)
    except DiscoError as error:
        refusal = error
    try:
        yield
    finally:
        if refusal is not None and "disco" in sys.modules:
            click.echo(f"What the script imports as `disco` is not the simulated one. {refusal}", err=True)
        elif refusal is None and not was_installed:
            compat.uninstall()


def _is_cut_off() -> bool:
    """Whether nobody reads what is printed any more, as after `| head`; what else is printed goes nowhere then."""
    try:
        print(flush=True)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - to the end of the process
        return True
    return False


def _status(code: object) -> int:
    """The exit status of `sys.exit(code)`: text is printed and means 1."""
    if code is None or isinstance(code, int):
        return code or 0
    click.echo(code, err=True)
    return 1


def _told(error: BaseException, script: str) -> str:
    """An error as Python prints it, from the script on.

    Of our own errors our own frames are left out; a JobError comes with the job function's error as its cause.
    """
    cause = error.__cause__
    # A cause without any frame is an error of ours, whose message is in that of the error already.
    with short_chain(error, cause if cause is not None and cause.__traceback__ is None else None):
        told = traceback.TracebackException.from_exception(error)
    stack = list(dropwhile(lambda frame: frame.filename != script, told.stack))
    if isinstance(error, JobError):
        # Behind the call that drove the job follow the frames of its cause, which is told by itself.
        stack = list(takewhile(_is_users, stack))
    elif isinstance(error, DiscoError):
        stack = list(filter(_is_users, stack))
    elif stack and stack[-1].filename in _IMPORTERS:
        # The import system, and what stands in it for `disco`, are not what the script's author wants to see.
        stack = [frame for frame in stack if _is_users(frame) and not frame.filename.startswith("<frozen ")]
    told.stack[:] = stack
    if isinstance(error, DiscoError) and told.__cause__ is not None:
        told.__cause__.stack[:] = filter(_is_users, told.__cause__.stack)
    return "".join(told.format())


def _is_users(frame: traceback.FrameSummary) -> bool:
    return not frame.filename.startswith(_PACKAGE)


def _state(disco: Disco, job: str) -> JobState:
    return JobState.of(disco.cluster.log, job)


def _oob_values(disco: Disco, job: str) -> dict[str, str | bytes]:
    """The committed out-of-band results of a job; none when the script has purged it."""
    return dict(disco.oob[job]) if job in disco.oob else {}


def _print_tables(jobs: Sequence[tuple[Disco, str]], oob: bool, partitions: bool) -> None:
    """Print the tables that were asked for of each job, on the standard error if the script has closed the output."""
    file = None if _can_print() else sys.stderr
    if file is not None and jobs:
        click.echo("\nThe script has closed the standard output; what was asked for follows here.", err=True)

    def show(title: str, table: Callable[[], Table]) -> None:
        text = _told_of(title, lambda: table_text(table(), _MOST_ROWS, indent="  "), "  {}\n".format)
        click.echo(f"\n{title}\n{text}", file=file)

    for disco, job in jobs:
        if partitions:
            show(f"Partitions of {job}", partial(_partitions, disco, job))
        if oob:
            show(f"Out-of-band results of {job}", partial(_oob, disco, job))


def _partitions(disco: Disco, job: str) -> Table:
    return partitions_table(_state(disco, job), disco.cluster.blobs.get)


def _oob(disco: Disco, job: str) -> Table:
    return oob_table(_state(disco, job), _oob_values(disco, job))


def _part(disco: Disco, job: str) -> str:
    return job_part(Job(disco, job).data())


def _told_of(what: str, make: Callable[[], str], sorry: Callable[[str], str]) -> str:
    """What `make` gives, or where it fails, as for records of a class that cannot be found any more, why it does."""
    try:
        return make()
    except Exception as error:
        return sorry(f"{what} cannot be shown: {type(error).__name__}: {error}")


def _sorry(why: str) -> str:
    return f"<p>{escape(why)}</p>"


def _can_print() -> bool:
    """Whether the script has left the standard output open, as an object and as a file of the process."""
    if sys.stdout is None or getattr(sys.stdout, "closed", False):
        return False
    try:
        os.fstat(sys.stdout.fileno())
    except (io.UnsupportedOperation, AttributeError):  # no file, but in memory, or what the script has put in its place
        return True
    except OSError:
        return False
    return True


def _write(path: str, text: str, option: str) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise click.ClickException(
            f"the page cannot be written to {path!r}: {error.strerror}; name another file: {option} FILE"
        ) from error
