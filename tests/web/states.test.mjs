import assert from "node:assert/strict";
import { test } from "node:test";

import { actionsOf, eventText, stateWord, withShape } from "../../prox/web/states.js";

test("a starting process that waits for others is waiting", () => {
  assert.equal(stateWord({ status: "starting", waiting_for: ["db"] }), "waiting");
  assert.equal(stateWord({ status: "starting", waiting_for: [] }), "starting");
  assert.equal(stateWord({ status: "running", waiting_for: ["db"] }), "running");
});

test("each state has a shape of its own", () => {
  const words = ["running", "starting", "waiting", "stopping", "stopped", "crashed", "unhealthy"];
  assert.deepEqual(words.map(withShape), [
    "● running",
    "◐ starting",
    "◌ waiting",
    "◑ stopping",
    "○ stopped",
    "✕ crashed",
    "▲ unhealthy",
  ]);
  assert.equal(withShape("new"), "new");
});

test("actions apply to states", () => {
  const names = (process) => Object.entries(actionsOf(process)).filter(([, applies]) => applies).map(([name]) => name);
  assert.deepEqual(names({ status: "running" }), ["stop", "restart"]);
  assert.deepEqual(names({ status: "starting" }), ["stop", "restart"]);
  assert.deepEqual(names({ status: "stopping" }), ["start"]);
  assert.deepEqual(names({ status: "stopped", down: true }), ["start"]);
  assert.deepEqual(names({ status: "crashed", down: true }), ["start"]);
  assert.deepEqual(names({ status: "crashed", down: false }), ["start", "stop", "restart"]);
});

test("changes of the status have a row in the log, other changes have none", () => {
  const change = { previous_status: "starting", pid: 41, restarts: 0, reason: null, exit_code: null };
  assert.equal(eventText({ ...change, status: "running" }), "started (pid 41)");
  assert.equal(eventText({ ...change, status: "running", restarts: 2 }), "restarted (pid 41)");
  assert.equal(eventText({ ...change, status: "crashed", reason: "code 3" }), "crashed: code 3");
  assert.equal(eventText({ ...change, status: "stopped" }), "stopped");
  assert.equal(eventText({ ...change, status: "stopped", kind: "job", exit_code: 0 }), "done");
  assert.equal(eventText({ ...change, status: "running", previous_status: "running" }), null);
  assert.equal(eventText({ ...change, status: "stopping" }), null);
});
