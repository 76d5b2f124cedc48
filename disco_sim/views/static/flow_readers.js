/** The tasks that read the partitions of a stage, as they are at a time. Knows nothing of pages. */
import { countUpTo } from "./playback.js";

/** waiting, running or done, and the run that tells where a task is; -1 before its first. */
export class TaskStates {
    constructor(play, stage) {
        const { runs, losses } = play;
        const nTasks = play.stages[stage].n_tasks ?? 0;
        this.play = play;
        this.changes = Array.from({ length: nTasks }, () => []);
        for (let run = 0; run < runs.length; run++) {
            if (runs.stage[run] === stage) {
                const changes = (this.changes[runs.task[run]] ??= []);
                changes.push({ time: runs.start[run], kind: 3, run });
                if (runs.status[run] !== 0) {
                    changes.push({ time: runs.end[run], kind: 1, run });
                }
            }
        }
        for (let row = 0; row < losses.length; row++) {
            if (losses.stage[row] === stage) {
                this.changes[losses.task[row]].push({ time: losses.time[row], kind: 2, run: -1 });
            }
        }
        for (const changes of this.changes) {
            // In one instant runs end before outputs are lost, and before other runs start.
            changes.sort((one, other) => one.time - other.time || one.kind - other.kind || one.run - other.run);
        }
    }

    /** The state of a task at a time. */
    at(task, time) {
        let done = -1;
        let latest = -1;
        let nRunning = 0;
        for (const change of this.changes[task] ?? []) {
            if (change.time > time) {
                break;
            }
            if (change.kind === 3) {
                latest = change.run;
                nRunning += 1;
            } else if (change.kind === 1) {
                nRunning -= 1;
                if (this.play.runs.status[change.run] === 1) {
                    done = change.run;
                }
            } else if (done >= 0) {
                latest = done;
                done = -1;
            }
        }
        return { run: done >= 0 ? done : latest, state: done >= 0 ? "done" : nRunning > 0 ? "running" : "waiting" };
    }
}

/** Who reads each column of a FlowState, as of a time: null after the last stage. */
export class FlowReaders {
    constructor(play, flow) {
        const stage = flow.stage + 1;
        this.play = play;
        this.flow = flow;
        this.stage = stage < play.stages.length ? stage : -1;
        this.ofColumn = flow.labels.map(() => []);
        if (this.stage >= 0) {
            this.states = new TaskStates(play, this.stage);
            const columnOf = new Map(flow.labels.map((label, column) => [label, column]));
            (play.stages[this.stage].reads ?? []).forEach((labels, task) => {
                for (const label of labels) {
                    this.ofColumn[columnOf.get(label)]?.push(task);
                }
            });
        }
    }

    /** The reading tasks of a column: how many there are, how many are done and running, and their one host, or "". */
    at(column, time) {
        const tasks = this.stage < 0 ? [] : this.ofColumn[column];
        const found = { tasks, nDone: 0, nRunning: 0, host: "" };
        const started = this.stage < 0 ? null : this.play.stages[this.stage].started_s;
        if (started === null || started > time) {
            return found;
        }
        const hosts = new Set();
        for (const task of tasks) {
            const { run, state } = this.states.at(task, time);
            hosts.add(run < 0 ? "" : this.play.word("run.host", run));
            found.nDone += state === "done";
            found.nRunning += state === "running";
        }
        found.host = hosts.size === 1 ? [...hosts][0] : "";
        return found;
    }

    /** Where the records of a column are together: at its reader, after the last stage at the one who wrote it. */
    hostAt(column, time) {
        if (this.stage >= 0) {
            return this.at(column, time).host;
        }
        if (this.version !== this.flow.version) {
            this.version = this.flow.version;
            this.hosts = this.writingHosts();
        }
        return this.hosts[column].size === 1 ? [...this.hosts[column]][0] : "";
    }

    writingHosts() {
        const { flow, play } = this;
        const hosts = flow.labels.map(() => new Set());
        flow.rows.forEach((output, place) => {
            if (flow.isThere(place)) {
                hosts[flow.column[place]].add(play.word("run.host", play.outputs.run[output]));
            }
        });
        return hosts;
    }

    /** A number that is another one whenever something about the reading tasks has changed. */
    versionAt(time) {
        return this.stage < 0 ? 0 : countUpTo(this.play.histories[this.stage].times, time);
    }
}

/** One word for the reading tasks of a column; "" when there are none. */
export function readerState({ tasks, nDone, nRunning }) {
    if (tasks.length === 0) {
        return "";
    }
    return nDone === tasks.length ? "done" : nDone + nRunning > 0 ? "running" : "waiting";
}

/** The reading tasks of a column by name: reduce:2, or how many. */
export function readerName(play, stage, tasks) {
    if (stage < 0 || tasks.length === 0) {
        return "";
    }
    const { name } = play.stages[stage];
    return tasks.length === 1 ? `${name}:${tasks[0]}` : `${tasks.length} ${name} tasks`;
}
