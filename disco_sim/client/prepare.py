"""From a resolved job to what a cluster takes: functions checked and shipped, inputs expanded, stages planned."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Container, Iterator, Mapping
from types import FunctionType
from typing import Any

from disco_sim import func
from disco_sim.client.arguments import defaults
from disco_sim.client.inputs import Expansion
from disco_sim.client.purity import is_importable, module_aliases, modules_of, refuse_bound
from disco_sim.cluster.base import Cluster
from disco_sim.error import DiscoError, ModUtilImportError, PurityError
from disco_sim.model.dialect import DOCUMENTED, Dialect
from disco_sim.model.job import JobRequest, JobSpec, Limits, plan_of
from disco_sim.node import worker
from disco_sim.pipeline import Stage
from disco_sim.runtime.external import files_of
from disco_sim.runtime.mapping import MapRole
from disco_sim.runtime.pairs import name_of
from disco_sim.runtime.program import ModuleSource, Program, Shipment
from disco_sim.runtime.reducing import ReduceRole
from disco_sim.store.names import tag_of_job
from disco_sim.util import schemesplit

_FIELDS = {"map": MapRole._fields, "reduce": ReduceRole._fields}
_ROLES = {"map": "map", "map_shuffle": "shuffle", "reduce": "reduce", "reduce_shuffle": "shuffle"}


def prepare(
    spec: JobSpec,
    name: str,
    serial: int,
    cluster: Cluster,
    namespace: str,
    dialect: Dialect = DOCUMENTED,
    own: Container[str] = (),
) -> JobRequest:
    """The request that runs `spec` under the full job name `name`.

    The parameters of `own` came with a Job's class: where names are not checked, functions in them keep the names of
    their module, as they reach the nodes through it.

    Raises:
        PurityError, ModUtilImportError, InputError, DiscoError: For what would fail on every node.
    """
    _check_version(spec)
    limits = _limits(spec.scheduler, dialect)
    modules = tuple(_modules(spec.required_modules or ()))
    expansion = Expansion(spec.input, cluster, dialect)
    plan = plan_of(spec, expansion.labels, dialect)
    _warn_of_unused_readers(spec, expansion)
    shipment = Shipment(keep_names=namespace == "notebook")
    aliases = _Aliases(frozenset(module.name.rpartition(".")[2] for module in modules))
    for argument, value in _parameters(spec, [stage.name for stage in plan]).items():
        if namespace == "notebook":
            shipment.add(argument, value)
        elif argument.partition(" ")[0] in own and not dialect.names_are_checked:
            shipment.add(argument, value, with_module=True)
        elif dialect.names_are_checked:
            _refuse_all_bound(argument, value)
            aliases.check(argument, shipment.add(argument, value))
        else:
            aliases.find(shipment.add(argument, value))
    functions, payload, constants = shipment.packed()
    program = Program(
        roles={stage.name: "pipeline" if spec.pipeline else _ROLES[stage.name] for stage in plan},
        functions=functions,
        payload=payload,
        constants=constants,
        aliases=aliases.modules,
        modules=modules,
        files={**spec.required_files, **files_of(spec.map), **files_of(spec.reduce)},
        folder=os.getcwd(),
        dialect=dialect,
        kept=shipment.kept,
        namespace=(dialect.pipeline_namespace if spec.pipeline else dialect.namespace) or worker.namespace,
    )
    save_as = tag_of_job(dialect.results_tag, name) if spec.is_saved else None
    return JobRequest(name, serial, plan, expansion.pieces, program, limits, save_as)


def _warn_of_unused_readers(spec: JobSpec, expansion: Expansion) -> None:
    """Warn when a reader or stream was given that is never called, because the input is no bytes."""
    first = "map" if spec.map is not None else "reduce"
    reader, chain = getattr(spec, f"{first}_reader"), getattr(spec, f"{first}_input_stream")
    standard = defaults()
    if spec.pipeline:
        return
    if reader not in (None, func.map_line_reader, func.chain_reader):
        unused = f"{first}_reader {name_of(reader)!r}"
    elif chain != standard[f"{first}_input_stream"]:
        unused = f"{first}_input_stream"
    else:
        return
    if any(schemesplit(piece.blob)[0] == "split" for piece in expansion.pieces):
        warnings.warn(
            f"{unused} is not called for what disco.split() made of data in variables; such records reach {first} as "
            "they are: do in the map function what the reader does, or give a file as input",
            RuntimeWarning,
            stacklevel=6,
        )


def _parameters(spec: JobSpec, stages: list[str]) -> dict[str, Any]:
    """The parameters that the tasks of these stages need, by name."""
    parameters: dict[str, Any] = {"profile": spec.profile}
    if spec.pipeline:
        parameters.update({"params": spec.params, "status_interval": spec.status_interval})
        for number, entry in enumerate(spec.pipeline):
            # Each stage's role finds its own under the stage's name, and the reader that its inputs call for.
            parameters[f"pipeline {entry.stage.name}"] = entry.stage
            parameters[f"reader {entry.stage.name}"] = func.chain_reader if number else spec.map_reader
        return parameters
    for stage in stages:
        parameters.update({field: getattr(spec, field) for field in _FIELDS.get(stage, ())})
    return parameters


def _refuse_all_bound(argument: str, value: Any) -> None:
    if argument == "params":
        return
    called = value if argument.endswith("_stream") else (value,)
    if isinstance(value, Stage):
        own = (value.init, value.process, value.done, value.input_hook)
        called = (*own, *value.input_chain, *value.output_chain)
    for one in called:
        if callable(one):
            refuse_bound(argument, one)


class _Aliases:
    """The names of modules that job functions use, one meaning each, for they share one namespace in a task."""

    def __init__(self, known: frozenset[str]) -> None:
        self.modules: dict[str, str] = {}
        self._known = known

    def check(self, argument: str, shipped: list[FunctionType]) -> None:
        """Check the functions that travel with a parameter, and note the modules they use."""
        for function in shipped:
            for alias, module in module_aliases(function, argument, self._known).items():
                if self.modules.setdefault(alias, module) != module:
                    raise PurityError(
                        f"{argument} function {function.__name__!r} means module {module!r} by {alias!r}, another job "
                        f"function means {self.modules[alias]!r}; job functions share one namespace: import one of "
                        "them under another name",
                        function=function.__name__,
                        name=alias,
                        line=function.__code__.co_firstlineno,
                    )

    def find(self, shipped: list[FunctionType]) -> None:
        """Note the modules that functions use, and leave all else that they may lack to Python."""
        for function in shipped:
            self.modules.update(modules_of(function))


def _modules(wanted: Any) -> Iterator[ModuleSource]:
    """The modules of `required_modules`: a name is imported, a (name, path) pair travels with the job."""
    if isinstance(wanted, str):
        raise DiscoError(f"required_modules={wanted!r} was given; it is a list: required_modules=[{wanted!r}]")
    for entry in wanted:
        if isinstance(entry, str):
            if not is_importable(entry):
                raise ModUtilImportError(
                    f"required module {entry!r} cannot be found; install it, or ship its file: "
                    f"required_modules=[({entry!r}, 'path/to/{entry.rpartition('.')[2]}.py')]",
                    module=entry,
                )
            yield ModuleSource(entry)
            continue
        try:
            module, path = entry
        except (TypeError, ValueError) as error:
            raise DiscoError(
                f"required_modules holds {entry!r}; its entries are module names or (name, path) pairs: "
                "required_modules=['math', ('helpers', 'lib/helpers.py')]"
            ) from error
        try:
            with open(path, encoding="utf-8") as file:
                source = file.read()
            compile(source, path, "exec")
        except (OSError, SyntaxError, ValueError) as error:
            raise ModUtilImportError(
                f"required module {module!r} cannot be shipped: {str(path)!r} cannot be read ({error}); give the path "
                "of a Python file, seen from the folder the notebook runs in",
                module=module,
            ) from error
        yield ModuleSource(module, source, os.path.abspath(path))


def _limits(scheduler: Any, dialect: Dialect) -> Limits:
    if not isinstance(scheduler, Mapping):
        raise DiscoError(f"scheduler={scheduler!r} was given; it is a dict: scheduler={{'max_cores': 4}}")
    unknown = sorted(set(scheduler) - set(Limits._fields))
    if unknown and dialect.unknown_arguments_are_errors:
        raise DiscoError(f"scheduler has the unknown key {unknown[0]!r}; its keys are: {', '.join(Limits._fields)}")
    try:
        max_cores = int(scheduler.get("max_cores", Limits().max_cores))
    except (TypeError, ValueError):
        max_cores = 0
    if max_cores < 1:
        raise DiscoError(
            f"scheduler max_cores={scheduler['max_cores']!r} was given; it is a whole number of at least 1"
        )
    force_local, force_remote = (
        bool(scheduler.get(flag)) and dialect.force_flags_count for flag in ("force_local", "force_remote")
    )
    if force_local and force_remote:
        raise DiscoError("scheduler has both force_local and force_remote on; no node is both: take one out")
    return Limits(max_cores, force_local, force_remote)


def _check_version(spec: JobSpec) -> None:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if spec.version != here:
        raise DiscoError(
            f"Python version mismatch: the job asks for version={spec.version!r}, the nodes run {here}; "
            "leave version out"
        )
