import assert from "node:assert/strict";
import { test } from "node:test";

import { compileFilter } from "../../prox/web/filter.js";
import { LineStore } from "../../prox/web/store.js";
import { LogView } from "../../prox/web/view.js";
import { record } from "./records.mjs";

const error = (n, more = {}) => record(n, `ERROR: ${n}`, { level: "error", ...more });

test("errors are stepped through in both directions and around the ends", () => {
  const store = new LineStore();
  store.append([record(0), error(1), error(2, { continues: true }), record(3), error(4)]);
  const { errors } = new LogView(store);
  assert.deepEqual(errors.step(-1, 1), { index: 1, number: 1, count: 2 });
  assert.deepEqual(errors.step(1, 1), { index: 4, number: 2, count: 2 });
  assert.deepEqual(errors.step(4, 1), { index: 1, number: 1, count: 2 });
  assert.deepEqual(errors.step(store.end, -1), { index: 4, number: 2, count: 2 });
  assert.deepEqual(errors.step(3, -1), { index: 1, number: 1, count: 2 });
  assert.deepEqual(errors.step(1, -1), { index: 4, number: 2, count: 2 });
});

test("only shown rows count, and a view without errors has none", () => {
  const store = new LineStore();
  store.append([error(0), error(1, { process: "api" }), { gap: 3 }, { event: "started", process: "web" }]);
  assert.deepEqual(new LogView(store, { processes: new Set(["api"]) }).errors.step(-1, 1), {
    index: 1,
    number: 1,
    count: 1,
  });
  assert.equal(new LogView(store, { filter: compileFilter("other") }).errors.step(-1, 1), null);
});

test("new, replaced and dropped lines are taken in", () => {
  const store = new LineStore(3);
  store.append([error(0), record(1, "begin", { partial: true })]);
  const view = new LogView(store);
  store.append([record(2, " of an error", { level: "error" })]);
  view.update();
  assert.deepEqual(view.errors.step(0, 1), { index: 1, number: 2, count: 2 });
  store.append([record(3), error(4), record(5)]);
  view.update();
  assert.deepEqual(view.errors.step(-1, 1), { index: 3, number: 1, count: 1 });
});
