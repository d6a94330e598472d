import assert from "node:assert/strict";
import { test } from "node:test";

import { compileFilter, compileFind } from "../../prox/web/filter.js";
import { IndexList } from "../../prox/web/index_list.js";
import { LineStore } from "../../prox/web/store.js";
import { LogView } from "../../prox/web/view.js";
import { record, records } from "./records.mjs";

const shown = (view) => Array.from({ length: view.length }, (_, position) => view.at(position));
const error = (n, line = `ERROR ${n}`) => record(n, line, { level: "error" });
const frame = (n, more = {}) => record(n, `  frame ${n}`, { continues: true, ...more });

/** A store with a Python traceback of two streams: the lines 1, 3, 4 and 6 of web, between those of api. */
function storeWithTrace(limit) {
  const store = new LineStore(limit);
  store.append([
    record(0),
    error(1, "Traceback (most recent call last):"),
    record(2, "of api", { process: "api" }),
    frame(3),
    frame(4),
    frame(5, { process: "api" }),
    error(6, "ValueError: \x1b[1mbad\x1b[0m"),
    record(7, "next"),
  ]);
  return store;
}

test("a trace is one row, which can be unfolded and folded", () => {
  const store = storeWithTrace();
  const view = new LogView(store);
  assert.deepEqual(shown(view), [0, 1, 2, 5, 7]);
  assert.deepEqual(view.stateOf(1), { fold: { count: 3, message: "ValueError: bad" }, isUnfolded: false });
  assert.deepEqual(view.stateOf(0), { fold: null, isUnfolded: false });
  assert.equal(view.toggle(1), 1);
  assert.deepEqual(shown(view), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.equal(view.stateOf(1).isUnfolded, true);
  assert.equal(view.toggle(4), 1, "a line of an unfolded trace stands for the first");
  assert.deepEqual(shown(view), [0, 1, 2, 5, 7]);
  assert.deepEqual(view.rows.map((row) => row.id), shown({ length: 8, at: (n) => store.get(n).id }));
  assert.deepEqual(view.errors.step(-1, 1), { index: 1, number: 1, count: 1 });
});

test("lines that arrive are folded, and their first line changes", () => {
  const store = new LineStore();
  store.append([error(0)]);
  const view = new LogView(store);
  store.append([frame(1), frame(2)]);
  assert.deepEqual(view.update(), { dropped: 0, added: 0, changed: [0] });
  assert.equal(view.stateOf(0).fold.count, 2);
  view.toggle(0);
  store.append([frame(3), record(4)]);
  assert.deepEqual(view.update(), { dropped: 0, added: 2, changed: [0] });
  assert.deepEqual(shown(view), [0, 1, 2, 3, 4]);
  view.toggle(0);
  assert.deepEqual(shown(view), [0, 4]);
});

test("another selection keeps what is unfolded, and a filter folds nothing", () => {
  const store = storeWithTrace();
  const unfolded = new Set();
  new LogView(store, { unfolded }).toggle(1);
  assert.deepEqual(shown(new LogView(store, { processes: new Set(["web"]), unfolded })), [0, 1, 3, 4, 6, 7]);
  const filtered = new LogView(store, { filter: compileFilter("frame") });
  assert.deepEqual(shown(filtered), [3, 4, 5]);
  assert.equal(filtered.stateOf(1).fold, null);
  assert.deepEqual(new LogView(store, { filter: compileFilter("ValueError") }).errors.step(-1, 1).index, 6);
});

test("lines below a line that is not selected are shown", () => {
  const store = new LineStore();
  store.append([error(0), frame(1, { level: "warn" })]);
  assert.deepEqual(shown(new LogView(store, { level: new Set(["warn"]) })), [1]);
});

test("find reaches folded lines", () => {
  const view = new LogView(storeWithTrace());
  view.find(compileFind("frame"));
  assert.equal(view.status, "0 of 3");
  assert.equal(view.next(), 3);
  assert.equal(view.reveal(3), true);
  assert.deepEqual(shown(view), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.equal(view.reveal(4), false);
});

test("a trace whose first line was dropped stays as it is", () => {
  for (const isUnfolded of [false, true]) {
    const store = new LineStore(8);
    store.append([error(0), frame(1), frame(2), frame(3), record(4)]);
    const unfolded = new Set();
    const view = new LogView(store, { unfolded });
    if (isUnfolded) view.toggle(0);
    const before = shown(view);
    store.append(records(5, 10));
    const { dropped } = view.update();
    assert.deepEqual([store.first, dropped], [2, isUnfolded ? 2 : 1]);
    assert.deepEqual(shown(view).slice(0, -5), before.slice(dropped));
    assert.deepEqual(shown(new LogView(store, { unfolded })), shown(view));
    assert.equal(view.reveal(3), !isUnfolded);
    assert.ok(shown(view).includes(3));
    store.append(records(10, 30));
    view.update();
    assert.equal(unfolded.size, 0);
  }
});

test("several indices are added and removed at once", () => {
  const list = new IndexList();
  for (const index of [1, 4, 7, 9]) list.push(index);
  const all = () => Array.from({ length: list.length }, (_, n) => list.at(n));
  list.setAll([], true);
  list.setAll([2, 5, 7, 12], true);
  assert.deepEqual(all(), [1, 2, 4, 5, 7, 9, 12]);
  list.dropBelow(2);
  list.setAll([1, 5, 12, 20], false);
  assert.deepEqual(all(), [2, 4, 7, 9]);
});

test("only what can be unfolded is toggled", () => {
  const store = storeWithTrace();
  store.append([record(8, '{"level":"info","msg":"x"}')]);
  const view = new LogView(store);
  assert.deepEqual([0, 1, 8, 9].map((index) => view.toggle(index)), [-1, 1, 8, -1]);
  assert.deepEqual([0, 1, 8].map((index) => view.stateOf(index).isUnfolded), [false, true, true]);
});
