/** What changes while a job goes on, as arrays over the times of the changes: stages, nodes and slots. */

/** What a run can be, by the number that is sent. */
export const RUN_STATES = ["running", "done", "failed", "lost"];
export const RUN_RUNNING = 0;
const RUN_DONE = 1;
const RUN_FAILED = 2;
const RUN_LOST = 3;

/**
 * The counters of a stage after each change. A task that is done and runs once more is done; one whose output is lost is
 * not; one that has two runs is one running task.
 */
export function stageHistory(play, stage) {
    const { runs, losses } = play;
    const facts = play.stages[stage];
    const changes = [];
    if (facts.started_s !== null) {
        changes.push([facts.started_s, 0, -1]);
    }
    for (let run = 0; run < runs.length; run++) {
        if (runs.stage[run] === stage) {
            changes.push([runs.start[run], 3, run]);
            if (runs.status[run] !== RUN_RUNNING) {
                // What took no time ends after it starts; all else has ended before others start.
                changes.push([runs.end[run], runs.end[run] === runs.start[run] ? 4 : 1, run]);
            }
        }
    }
    for (let row = 0; row < losses.length; row++) {
        if (losses.stage[row] === stage) {
            changes.push([losses.time[row], 2, row]);
        }
    }
    // In one instant runs end before outputs are lost, and before other runs start; but no run ends before it starts.
    changes.sort((one, other) => one[0] - other[0] || one[1] - other[1] || one[2] - other[2]);
    const history = {
        nTasks: facts.n_tasks ?? 0,
        times: new Float64Array(changes.length),
        running: new Int32Array(changes.length),
        done: new Int32Array(changes.length),
        failed: new Int32Array(changes.length),
    };
    const nRunning = new Map();
    const doneTasks = new Set();
    let running = 0;
    let failed = 0;
    const change = (task, by) => {
        const before = nRunning.get(task) ?? 0;
        nRunning.set(task, before + by);
        if (!doneTasks.has(task)) {
            running += (before + by > 0) - (before > 0);
        }
    };
    const setDone = (task, isDone) => {
        if (doneTasks.has(task) !== isDone) {
            const isRunning = (nRunning.get(task) ?? 0) > 0;
            running += isRunning ? (isDone ? -1 : 1) : 0;
            if (isDone) {
                doneTasks.add(task);
            } else {
                doneTasks.delete(task);
            }
        }
    };
    changes.forEach(([time, kind, row], number) => {
        if (kind === 3) {
            change(runs.task[row], 1);
        } else if (kind === 1 || kind === 4) {
            change(runs.task[row], -1);
            failed += runs.status[row] === RUN_FAILED;
            if (runs.status[row] === RUN_DONE) {
                setDone(runs.task[row], true);
            }
        } else if (kind === 2) {
            setDone(losses.task[row], false);
        }
        history.times[number] = time;
        history.running[number] = running;
        history.done[number] = doneTasks.size;
        history.failed[number] = failed;
    });
    return history;
}

/** What runs came to on each node, after each change. */
export function nodeHistories(play) {
    const { runs } = play;
    const changes = play.nodes.map(() => []);
    for (let run = 0; run < runs.length; run++) {
        changes[play.runNode[run]].push([runs.start[run], run, 1]);
        if (runs.status[run] !== RUN_RUNNING) {
            changes[play.runNode[run]].push([runs.end[run], run, -1]);
        }
    }
    const kinds = play.columns.words("run.kind");
    return changes.map((found) => {
        found.sort((one, other) => one[0] - other[0]);
        const history = { times: new Float64Array(found.length) };
        for (const name of ["busy", "done", "dataErrors", "failed"]) {
            history[name] = new Int32Array(found.length);
        }
        const now = { busy: 0, done: 0, dataErrors: 0, failed: 0 };
        found.forEach(([time, run, by], row) => {
            now.busy += by;
            if (by < 0 && runs.status[run] !== RUN_LOST) {
                const isData = kinds[runs.kind[run]] === "data";
                now[runs.status[run] === RUN_DONE ? "done" : isData ? "dataErrors" : "failed"] += 1;
            }
            history.times[row] = time;
            for (const name of Object.keys(now)) {
                history[name][row] = now[name];
            }
        });
        return history;
    });
}

/** The runs of each slot in the order they started, of this job and of others; slots are numbered node by node. */
export function slotRuns(play) {
    const first = [];
    let nSlots = 0;
    for (const node of play.nodes) {
        first.push(nSlots);
        nSlots += node.slots;
    }
    const own = [];
    const others = [];
    for (let run = 0; run < play.runs.length; run++) {
        (own[first[play.runNode[run]] + play.runs.slot[run]] ??= []).push(run);
    }
    for (let row = 0; row < play.others.length; row++) {
        (others[first[play.otherNode[row]] + play.others.slot[row]] ??= []).push(row);
    }
    return { first, own, others };
}
