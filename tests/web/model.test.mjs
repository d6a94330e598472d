import assert from "node:assert/strict";
import { test } from "node:test";

import { Model } from "../../prox/web/model.js";
import { follow } from "../../prox/web/session.js";
import { UsageHistory } from "../../prox/web/usage_history.js";
import { lines, record, records } from "./records.mjs";

const process = (name, more = {}) => ({ name, status: "running", pid: 1, restarts: 0, ...more });
const snapshot = (...names) => ({ status: "running", processes: names.map((name) => process(name)) });
const turn = () => new Promise((resolve) => setImmediate(resolve));

test("events change the model", () => {
  const model = new Model();
  model.apply("process", { ...process("early"), previous_status: "starting" });
  assert.deepEqual(model.list, []);
  model.apply("snapshot", snapshot("web", "api"));
  model.apply("log", records(0, 2));
  model.apply("process", { ...process("web", { status: "crashed", reason: "exited" }), previous_status: "running" });
  model.apply("dropped", { count: 7 });
  model.apply("log", []);
  assert.deepEqual(model.list.map((each) => [each.name, each.status]), [["web", "crashed"], ["api", "running"]]);
  assert.ok(!("previous_status" in model.processes.get("web")));
  assert.equal(model.dropped, 7);
  const rows = lines(model.store).map((row) => row.event ?? row.gap ?? row);
  assert.deepEqual(rows, ["started (pid 1)", "line 0", "line 1", "crashed: exited", 7]);
});

test("requests are known once, the newest first, and bounded", () => {
  const model = new Model();
  const request = (n, state = "done") => ({ id: `${n}`, timestamp: `2026-11-29T02:00:00.${1000 + n}Z`, state });
  model.addRequests([request(1, "active"), request(2)]);
  model.apply("request", [request(1), request(3)]);
  model.addRequests([request(1, "active")]);
  assert.deepEqual(model.requests.map(({ id, state }) => id + state), ["3done", "2done", "1done"]);
  model.addRequests(Array.from({ length: 1500 }, (_, n) => request(n + 10)));
  assert.equal(model.requests.length, 1000);
});

test("another instance is a row; with lower ids, it begins a new store", () => {
  const model = new Model();
  model.identify({ pid: 1 }, "a");
  model.apply("log", records(10, 12));
  model.identify({ pid: 2 }, "b");
  model.apply("log", records(12, 13));
  assert.equal(model.generation, 0);
  assert.deepEqual(lines(model.store).map((row) => row.event ?? row).at(-2), "prox was restarted (pid 2)");
  model.identify({ pid: 3 }, "c");
  model.apply("log", [record(3)]);
  assert.equal(model.generation, 1);
  assert.deepEqual(lines(model.store).at(-1), "line 3");
  // Records that come again from the same instance, after a tab was frozen, are ignored.
  model.apply("log", records(2, 5));
  assert.deepEqual(lines(model.store).slice(1), ["line 3", "line 4"]);
});

test("events after a snapshot wait until the instance is known", async () => {
  const model = new Model();
  let events;
  const answers = [];
  const ask = () => new Promise((resolve, reject) => answers.push({ resolve, reject }));
  follow(model, { onChange() {}, ask, open: (options) => (events = options) });
  events.onState("connected");
  events.onEvent("snapshot", snapshot("web"));
  events.onEvent("log", records(0, 1));
  assert.equal(model.store.length, 0);
  answers[0].resolve({ data: { pid: 1 }, instance: "a" });
  await turn();
  assert.deepEqual(lines(model.store), ["line 0"]);
  events.onEvent("snapshot", snapshot("web"));
  events.onEvent("log", records(1, 2));
  // Another one before the answer: nothing is lost, nothing comes twice.
  events.onEvent("snapshot", snapshot("api"));
  events.onEvent("log", records(2, 3));
  answers[1].reject(new Error("gone"));
  await turn();
  answers[2].resolve({ data: { pid: 2 }, instance: "b" });
  await turn();
  assert.deepEqual(model.list.map((each) => each.name), ["api"]);
  const rows = lines(model.store).map((row) => row.event ?? row);
  assert.deepEqual(rows, ["line 0", "line 1", "prox was restarted (pid 2)", "line 2"]);
});

test("usage has samples once, in order, with gaps where nobody watched", () => {
  const usage = new UsageHistory();
  const sample = (second, cpu) => ({
    timestamp: `2026-11-29T02:00:${String(second).padStart(2, "0")}.000Z`,
    processes: { web: { cpu_percent: cpu, memory_bytes: 2097152 } },
  });
  usage.add([sample(4, 3)]);
  usage.add([sample(2, 2), sample(4, 3), sample(0, 1)]);
  usage.add([sample(30, null)]);
  const [times, cpu, memory] = usage.series("web");
  assert.deepEqual(times.map((time) => time - times[0]), [0, 2, 4, 5, 30]);
  assert.deepEqual(cpu, [1, 2, 3, null, null]);
  assert.deepEqual(memory, [2, 2, 2, null, 2]);
  assert.deepEqual(usage.series("gone")[1], [null, null, null, null, null]);
  assert.equal(usage.latest("web").memory_bytes, 2097152);
  assert.equal(usage.latest("gone"), null);
});
