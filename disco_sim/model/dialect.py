"""Where Disco's documentation and its code differ, a dialect says which one a job follows.

Each field is one small choice, read by the client, DDFS or the runtime: clusters, stores and views never see it.
`DOCUMENTED` is what the documentation promises; what Disco 0.5.4 really did is `disco_sim.compat.dialect.V05`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Dialect:
    """The choices of one dialect; a field's value here is the documented one.

    `unknown_arguments_are_errors`: else they are ignored. `max_failures`: failed runs of a task that are forgiven.
    `force_flags_count`: a scheduler's force_local and force_remote say where tasks may run; else they are ignored.
    `lines_are_text`: without a reader, map gets str without line ends; else what iterating the opened input gives,
    bytes with line ends from files, str from raw://.
    `inputs_are_reversed`: the first input is the last map task.
    `inputs_are_checked`: what is not there is refused at submission; else a missing tag is no input, and anything else
    fails in its task.
    `has_map_shuffle`: after map, a stage joins what each node holds of a label, and only labels with data are reduced.
    `map_tasks_are_numbered`: this_partition() in map is the task's number; else its label, 0.
    `inputs_are_replica_lists`: this_inputs() gives a list of replicas for each input; else URLs as they were written.
    `master_is_url`: this_master() gives http://HOST:PORT; else HOST:PORT.
    `partitions_are_checked`: what a partition function says must be in range; else int() of it becomes a label.
    `combiners_end_everywhere`: the last call is made for partitions without data, too.
    `oob_is_strict`: a key is put once in a job, values are str or bytes, a task does not see its own stage, and a
    missing key is an error; else the last put wins, values are bytes, what is there is seen, and what is missing is
    None.
    `names_are_checked`: a function that uses what a worker would not have is refused at submission; else Python says
    so in the task.
    `sort_can_merge`: sort="merge" merges what is sorted already; else it sorts, as any true value does.
    `memory_is_short_once`: a task that ran out of memory is tried again but once; else like one whose data are bad.
    `profiles_are_by_uid`: the OOB key of a profile has the task's uid; else its stage and number.
    `messages_are_limited`: ten lines within a second of a task's time end its job.
    `exits_are_retried`: a task that calls sys.exit is tried again; else it ends the job.
    `files_are_in_lib`: required_files given as paths are in lib/ of a task's folder; else in the folder itself.
    `results_tag`: the tag of saved results is this and the job's name.
    `scheme_module`: called with the name of a URL scheme that is not known here and the job's folder, it returns the
    module that opens such URLs; None: there are no other schemes.
    `namespace`, `pipeline_namespace`: called without arguments, they return the globals that job functions, and the
    functions of pipeline stages, run with; None: those of `disco_sim.node.worker`.

    A dialect is pickled with its job, so these three are functions at the top of a module.
    """

    name: str
    unknown_arguments_are_errors: bool = True
    max_failures: int = 3
    force_flags_count: bool = True
    lines_are_text: bool = True
    inputs_are_reversed: bool = False
    inputs_are_checked: bool = True
    has_map_shuffle: bool = False
    map_tasks_are_numbered: bool = True
    inputs_are_replica_lists: bool = False
    master_is_url: bool = False
    partitions_are_checked: bool = True
    combiners_end_everywhere: bool = True
    oob_is_strict: bool = True
    names_are_checked: bool = True
    sort_can_merge: bool = True
    memory_is_short_once: bool = True
    profiles_are_by_uid: bool = False
    messages_are_limited: bool = False
    exits_are_retried: bool = False
    files_are_in_lib: bool = False
    results_tag: str = "disco:job:results:"
    scheme_module: Callable[[str, str], Any] | None = field(default=None, repr=False)
    namespace: Callable[[], dict[str, Any]] | None = field(default=None, repr=False)
    pipeline_namespace: Callable[[], dict[str, Any]] | None = field(default=None, repr=False)


DOCUMENTED = Dialect("documented")
