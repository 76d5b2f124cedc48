"""From the arguments of `new_job` to a `JobSpec`: defaults, deprecated names, and checks that need no cluster."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from disco_sim import func
from disco_sim.client.functions import check_function
from disco_sim.client.pipelines import checked_pipeline
from disco_sim.error import DiscoError, InputError, nearest
from disco_sim.model.dialect import DOCUMENTED, Dialect
from disco_sim.model.job import JobSpec
from disco_sim.pipeline import PipelineStage
from disco_sim.runtime.external import External, external_program
from disco_sim.runtime.sandbox import shown
from disco_sim.runtime.wire import encoded

_FUNCTIONS = {
    "map": ((2,), "map(entry, params)"),
    "reduce": ((2, 3), "reduce(iter, params) or reduce(iter, out, params)"),
    "map_init": ((2,), "map_init(input_iter, params)"),
    "reduce_init": ((2,), "reduce_init(input_iter, params)"),
    "map_reader": ((3, 4), "map_reader(fd, size, url) or map_reader(fd, size, url, params)"),
    "reduce_reader": ((3, 4), "reduce_reader(fd, size, url) or reduce_reader(fd, size, url, params)"),
    "map_writer": ((4,), "map_writer(fd, key, value, params)"),
    "reduce_writer": ((4,), "reduce_writer(fd, key, value, params)"),
    "combiner": ((5,), "combiner(key, value, buffer, done, params)"),
    "partition": ((3,), "partition(key, nr_partitions, params)"),
}
_STREAMS = {
    "map_input_stream": "(stream, size, url, params)",
    "reduce_input_stream": "(stream, size, url, params)",
    "map_output_stream": "(stream, partition, url, params)",
    "reduce_output_stream": "(stream, partition, url, params)",
}


class Params:
    """A container for what job functions share: `Params(stop={"the"})` is read as `params.stop`.

    Every task run gets its own copy, so changes do not travel. Functions in it are shipped like job
    functions. Names that begin with _ are not shipped, as in Disco.
    """

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if not name.startswith("_")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __repr__(self) -> str:
        return f"Params({', '.join(f'{name}={shown(value)}' for name, value in sorted(self.__getstate__().items()))})"


def defaults(dialect: Dialect = DOCUMENTED) -> dict[str, Any]:
    """Disco's default of every job parameter but `name`, the documented one unless a `dialect` has another."""
    return {
        "prefix": "",
        "input": (),
        "map": None,
        "map_init": func.noop,
        "map_reader": func.map_line_reader if dialect.lines_are_text else None,
        "map_input_stream": (func.map_input_stream,),
        "map_output_stream": (func.map_output_stream, func.disco_output_stream),
        "map_writer": None,
        "combiner": None,
        "partition": func.default_partition,
        "partitions": 1,
        "merge_partitions": False,
        "reduce": None,
        "reduce_init": func.noop,
        "reduce_reader": func.chain_reader,
        "reduce_input_stream": (func.reduce_input_stream,),
        "reduce_output_stream": (func.reduce_output_stream, func.disco_output_stream),
        "reduce_writer": None,
        "ext_map": False,
        "ext_reduce": False,
        "ext_params": None,
        "params": Params(),
        "profile": False,
        "required_files": {},
        "required_modules": None,
        "scheduler": {},
        "save": False,
        "sort": False,
        "status_interval": 100000,
        "version": f"{sys.version_info.major}.{sys.version_info.minor}",
        "username": "",
        "nr_reduces": 0,
        "mem_sort_limit": 0,
        "owner": "",
        "save_results": False,
        "save_info": "ddfs",
        "map_shuffle": None,
        "reduce_shuffle": None,
        "shuffle": None,
        "sort_buffer_size": "10%",
        "pipeline": (),
    }


def resolve(
    name: str,
    given: Mapping[str, Any],
    attributes: Mapping[str, Any] | None = None,
    dialect: Dialect = DOCUMENTED,
) -> JobSpec:
    """The job `name` with every parameter: an argument wins over a Job's attribute, and that over the default.

    Raises:
        DiscoError: For an unknown parameter, a value of a wrong type, a function with a wrong number of arguments,
            or an external program that cannot be run.
        InputError: If `input` is not a list.
    """
    values = defaults(dialect)
    unknown = sorted(set(given) - set(values))
    if unknown and dialect.unknown_arguments_are_errors:
        near = nearest(unknown[0], values, most=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise DiscoError(
            f"Unknown job argument: {unknown[0]!r}; {hint}The arguments are: {', '.join(sorted(values))}",
            argument=unknown[0],
        )
    values.update({key: value for key, value in (attributes or {}).items() if key in values})
    values.update({key: value for key, value in given.items() if key in values})
    _check_name(name, dialect)
    _deprecated(values, given)
    _take_external(values, dialect)
    for argument, (counts, form) in _FUNCTIONS.items():
        if values[argument] is not None:
            check_function(argument, values[argument], counts, form)
    for argument, form in _STREAMS.items():
        values[argument] = _chain(argument, values[argument], form)
    for argument in ("map_init", "reduce_init"):
        values[argument] = values[argument] or func.noop
    values["partition"] = values["partition"] or func.default_partition
    values["partitions"] = _count("partitions", values["partitions"] or 0)
    values["status_interval"] = _count("status_interval", values["status_interval"] or 0)
    values["input"] = _input_list(values["input"])
    values["required_files"] = _files(values["required_files"], "lib/" if dialect.files_are_in_lib else "")
    values["pipeline"] = _pipeline(values, dialect)
    values["username"] = values["owner"] = values["username"] or values["owner"]
    _check_folders(values)
    _check_saving(values)
    if dialect.sort_can_merge and values["sort"] not in (False, True, None, "merge"):
        raise DiscoError(f"sort={values['sort']!r} was given; sort is False, True or 'merge'")
    values["sort"] = (values["sort"] or False) if dialect.sort_can_merge else bool(values["sort"])
    values["prefix"] = name
    return JobSpec(name=name, **{field.name: values[field.name] for field in fields(JobSpec) if field.name != "name"})


def _check_name(name: Any, dialect: Dialect) -> None:
    # Disco's code refuses less than its documentation.
    form = r"[A-Za-z0-9_\-]{1,200}" if dialect.names_are_checked else r"[^/.@\x00-\x1f]{1,200}"
    if not isinstance(name, str) or not re.fullmatch(form, name):
        raise DiscoError(
            f"job name {name!r} has an invalid prefix; a name is 1 to 200 of the characters A-Z a-z 0-9 _ -: "
            "name='wordcount'",
            name=name,
        )


def _deprecated(values: dict[str, Any], given: Mapping[str, Any]) -> None:
    def warn(message: str) -> None:
        warnings.warn(message, DeprecationWarning, stacklevel=7)

    if values["nr_reduces"]:
        if "partitions" in given or "merge_partitions" in given:
            raise DiscoError(
                "nr_reduces was given together with partitions or merge_partitions; nr_reduces is the old name of "
                "partitions: leave it out"
            )
        warn("nr_reduces is deprecated since Disco 0.3; use partitions")
        values["partitions"] = values["nr_reduces"]
    if values["mem_sort_limit"]:
        warn("mem_sort_limit is deprecated and has no effect; leave it out")
    for phase in ("map", "reduce"):
        if values[f"{phase}_writer"] is not None:
            warn(f"{phase}_writer is deprecated since Disco 0.3; use {phase}_output_stream")


def _take_external(values: dict[str, Any], dialect: Dialect) -> None:
    """Make job functions of the external programs, which are given as dicts of their files."""
    is_any = False
    for argument in ("map", "reduce"):
        given = values[argument]
        if isinstance(given, (Mapping, External)):
            values[argument] = external_program(argument, given, values["ext_params"])
            values[f"ext_{argument}"] = is_any = True
        elif values[f"ext_{argument}"]:
            raise DiscoError(
                f"ext_{argument}={values[f'ext_{argument}']!r} was given, and {argument} is {shown(given)}; an "
                f"external program is a dict of files: {argument}=external(['path/to/program']) of disco_sim.util; or "
                f"give ext_{argument}=False",
                argument=argument,
            )
    if not is_any and dialect.unknown_arguments_are_errors and encoded(values["ext_params"]) is not None:
        raise DiscoError(
            f"ext_params={shown(values['ext_params'])} was given, which are for external programs, and neither map nor "
            "reduce is one; functions get params=Params(...): leave ext_params out, or give None",
            argument="ext_params",
        )


def _check_folders(values: Mapping[str, Any]) -> None:
    """Make sure that no required file stands where an external program does."""
    for function in (values["map"], values["reduce"]):
        for name in values["required_files"] if isinstance(function, External) else ():
            if name.partition("/")[0] == function.folder:
                raise DiscoError(
                    f"required_files has the name {name!r}, and {function.folder} is the folder of the external "
                    f"program: give the file with the program, {function.role}=external([program, file])",
                    file=name,
                )


def _chain(argument: str, value: Any, form: str) -> tuple[Callable[..., Any], ...]:
    chain = (value,) if callable(value) else tuple(value or ())
    if not chain:
        raise DiscoError(f"{argument} is empty; it is a list of stream functions {form}, run one after the other")
    for function in chain:
        check_function(argument, function, (4,), f"stream{form}")
    return chain


def _count(argument: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        try:
            hint = f": {argument}={abs(int(value))}"
        except (TypeError, ValueError, OverflowError):
            hint = ""
        raise DiscoError(f"{argument}={shown(value)} was given; {argument} is a whole number, 0 or None for none{hint}")
    return value


def _input_list(value: Any) -> tuple[Any, ...]:
    if hasattr(value, "itertuples") or type(value).__name__ == "Series":
        raise InputError(
            f"Job 'input' is a {type(value).__name__}, not a list of input locations; write input=disco.split(data, 8) "
            "to cut it into several inputs",
            input=value,
        )
    if isinstance(value, (str, bytes, os.PathLike)) or not hasattr(value, "__iter__"):
        raise InputError(
            f"Job 'input' is not a list of input locations, or a list of such lists: {value!r}; "
            f"write input=[{value!r}], or disco.split({value!r}, 8) to cut it into several inputs",
            input=value,
        )
    if isinstance(value, (set, frozenset, Mapping)):
        raise InputError(
            f"Job 'input' is a {type(value).__name__}, and the order of inputs counts: give a list, such as "
            "sorted(...) of it",
            input=value,
        )
    return tuple(value)


def _pipeline(values: Mapping[str, Any], dialect: Dialect) -> tuple[PipelineStage, ...]:
    stages = checked_pipeline(values["pipeline"])
    for argument in ("map", "reduce"):
        if stages and values[argument] is not None and dialect.unknown_arguments_are_errors:
            raise DiscoError(
                f"pipeline and {argument} were both given; a job has one shape: leave {argument} out, or write it as a "
                "Stage of the pipeline",
                argument=argument,
            )
    return stages


def _check_saving(values: Mapping[str, Any]) -> None:
    if values["save_info"] not in (None, "", "ddfs"):
        raise DiscoError(
            f"save_info={shown(values['save_info'])} was given; results can be saved to 'ddfs' here, for there is no "
            "HDFS to save them to: leave save_info out",
            argument="save_info",
        )


def _files(value: Any, folder: str) -> dict[str, bytes]:
    """The files to ship, by name: paths keep their last part, in `folder`, dicts give contents themselves."""
    if isinstance(value, (str, bytes, os.PathLike)):
        raise DiscoError(f"required_files={value!r} was given; it is a list of paths, or a dict {{name: contents}}")
    files: dict[str, bytes] = {}
    if isinstance(value, Mapping):
        for name, content in value.items():
            _check_file_name(name)
            if not isinstance(content, (str, bytes, bytearray)):
                raise DiscoError(
                    f"required_files[{name!r}] is of type {type(content).__name__}; the dict has file contents, str or "
                    "bytes: to ship a file by its path, give a list"
                )
            files[name] = content.encode() if isinstance(content, str) else bytes(content)
        return files
    for path in value or ():
        name = folder + os.path.basename(os.fspath(path))
        _check_file_name(name)
        if name in files:
            raise DiscoError(
                f"required_files has two files of the name {name!r}; a task has them side by side in its folder: give "
                "a dict {name: contents} to rename one"
            )
        try:
            with open(path, "rb") as file:
                files[name] = file.read()
        except OSError as error:
            raise InputError(
                f"required file {os.fspath(path)!r} cannot be read: {error.strerror}; paths are seen from the folder "
                "the notebook runs in",
                file=os.fspath(path),
            ) from error
    return files


def _check_file_name(name: Any) -> None:
    if not isinstance(name, str) or os.path.isabs(name) or set(name.split("/")) & {"", ".", ".."}:
        raise DiscoError(
            f"required file name {name!r} is unsafe; names stay inside the task's folder: text with no / in front or "
            "at the end, no . and no .. as a part",
            file=name,
        )
