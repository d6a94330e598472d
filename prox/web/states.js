/** The states of processes as shapes and words, and the actions that apply to them. */

const SHAPES = {
  running: "●",
  starting: "◐",
  waiting: "◌",
  stopping: "◑",
  stopped: "○",
  crashed: "✕",
  healthy: "✓",
  unhealthy: "▲",
  unknown: "–",
  passed: "✓",
  flaky: "✓",
  failed: "✕",
  "timed out": "✕",
  aborted: "✕",
  killed: "✕",
  skipped: "○",
  cancelled: "○",
};

/**
 * Return the word of a process's state: its status or, before its dependencies are ready, `waiting`.
 * @param {{status: string, waiting_for?: string[]}} process
 */
export function stateWord({ status, waiting_for: waitingFor = [] }) {
  return status === "starting" && waitingFor.length ? "waiting" : status;
}

/** Return a word of a state or of health with its shape before it. */
export function withShape(word) {
  return SHAPES[word] ? `${SHAPES[word]} ${word}` : word;
}

/**
 * Return the word of a run's result.
 * @param {{state: string, exit_code: number|null, ended_by_signal: string|null}} run
 */
export function runWord({ state, exit_code: code, ended_by_signal: signal }) {
  if (state !== "finished") return state;
  return signal ? "cancelled" : code === 0 ? "passed" : "failed";
}

/**
 * Return which actions apply to a process.
 * @param {{status: string, down?: boolean}} process
 * @returns {{start: boolean, stop: boolean, restart: boolean}}
 */
export function actionsOf({ status, down }) {
  const isUp = status === "running" || status === "starting";
  // A crashed process that is started again by itself can be stopped, which ends that.
  const hasRestart = status === "crashed" && down === false;
  return { start: !isUp, stop: isUp || hasRestart, restart: isUp || hasRestart };
}

/**
 * Return the text of the log row for a change of a process; null if it has none.
 * @param {{status: string, previous_status: string, pid: number, restarts: number, reason: string|null,
 *   exit_code: number|null, kind?: string}} change
 */
export function eventText(change) {
  const { status, previous_status: before, pid, restarts, reason, exit_code: code, kind } = change;
  if (status === before) return null;
  if (status === "running") return `${restarts ? "restarted" : "started"} (pid ${pid})`;
  if (status === "crashed") return reason ? `crashed: ${reason}` : "crashed";
  if (status === "stopped") return kind === "job" && code === 0 ? "done" : "stopped";
  return null;
}
