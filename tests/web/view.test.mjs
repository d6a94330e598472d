import assert from "node:assert/strict";
import { test } from "node:test";

import { compileFilter, compileFind } from "../../prox/web/filter.js";
import { LineStore } from "../../prox/web/store.js";
import { LogView } from "../../prox/web/view.js";
import { record, records } from "./records.mjs";

const shown = (view) => Array.from({ length: view.length }, (_, position) => view.at(position));

test("a view has the indices of what matches, before and after appends", () => {
  const store = new LineStore();
  store.append(records(0, 20));
  const view = new LogView(store, { filter: compileFilter("~[05]$") });
  assert.deepEqual(shown(view), [0, 5, 10, 15]);
  store.append(records(20, 31));
  assert.deepEqual(shown(view), [0, 5, 10, 15]);
  assert.deepEqual(view.update(), { dropped: 0, added: 3, changed: [] });
  assert.deepEqual(shown(view), [0, 5, 10, 15, 20, 25, 30]);
  assert.equal(view.at(7), undefined);
  assert.equal(view.at(-1), undefined);
  assert.deepEqual([0, 1, 5, 30, 31].map((index) => view.positionOf(index)), [0, 1, 1, 6, 7]);
});

test("processes and levels select rows; gaps belong to all processes", () => {
  const store = new LineStore();
  store.append([
    record(0, "a", { level: "error" }),
    record(1, "b", { process: "api" }),
    { gap: 3 },
    { event: "restarted", process: "api" },
    record(2, "  at frame", { continues: true }),
    record(3, "c", { level: "info" }),
  ]);
  assert.deepEqual(shown(new LogView(store)), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(shown(new LogView(store, { processes: new Set(["web"]) })), [0, 2, 4, 5]);
  assert.deepEqual(shown(new LogView(store, { processes: new Set(["api"]) })), [1, 2, 3]);
  assert.deepEqual(shown(new LogView(store, { level: new Set(["error"]) })), [0, 2, 3, 4]);
  const filter = compileFilter("", { rows: false });
  assert.deepEqual(shown(new LogView(store, { level: new Set(["error", "info"]), filter })), [0, 4, 5]);
});

test("dropped rows leave the begin of the view and move no index", () => {
  const store = new LineStore(100);
  const view = new LogView(store, { filter: compileFilter("~[02468]$") });
  let before = [];
  for (let n = 0; n < 2000; n += 13) {
    store.append(records(n, n + 13));
    const { dropped, added } = view.update();
    const now = shown(view);
    assert.deepEqual(now.slice(0, now.length - added), before.slice(dropped));
    const expected = records(store.first, store.end).map((_, i) => store.first + i).filter((index) => index % 2 === 0);
    assert.deepEqual(now, expected);
    before = now;
  }
});

test("a view that missed more than the store holds is right again", () => {
  const store = new LineStore(10);
  store.append(records(0, 5));
  const view = new LogView(store);
  store.append(records(5, 500));
  assert.deepEqual(view.update(), { dropped: 5, added: store.length, changed: [] });
  assert.equal(view.at(0), store.first);
});

test("a replaced line enters or leaves the view at its place", () => {
  const store = new LineStore();
  const other = { process: "api", partial: true };
  const ready = record(1, "ready", { stream: "stderr" });
  store.append([record(0, "wait", { partial: true }), ready, record(2, "wait", other)]);
  const view = new LogView(store, { filter: compileFilter("ready") });
  view.find(compileFind("now"));
  assert.deepEqual(shown(view), [1]);
  store.append([record(3, "ready now", { replaces: true, partial: true })]);
  assert.deepEqual(view.update(), { dropped: 0, added: 0, changed: [0] });
  assert.deepEqual(shown(view), [0, 1]);
  assert.equal(view.hits, 1);
  assert.deepEqual(view.update().changed, []);
  store.append([record(4, "gone", { replaces: true })]);
  assert.deepEqual(view.update().changed, [0]);
  assert.deepEqual(shown(view), [1]);
  assert.equal(view.hits, 0);
});

test("find goes round, and its status counts", () => {
  const store = new LineStore();
  store.append(records(0, 31));
  const view = new LogView(store, { filter: compileFilter("!line !1") });
  assert.equal(view.length, 0);
  const all = new LogView(store);
  assert.equal(all.status, "");
  all.find(compileFind("~5$"));
  assert.equal(all.status, "0 of 3");
  assert.equal(all.next(), 5);
  assert.equal(all.status, "1 of 3");
  assert.equal(all.next(), 15);
  assert.equal(all.next(), 25);
  assert.equal(all.status, "3 of 3");
  assert.equal(all.next(), 5);
  assert.equal(all.previous(), 25);
  assert.equal(all.previous(16), 15);
  assert.equal(all.status, "2 of 3");
  assert.equal(all.next(5), 15);
  all.find(compileFind("nowhere"));
  assert.deepEqual([all.next(), all.previous(), all.current, all.status], [-1, -1, -1, "0 of 0"]);
  all.find(compileFind("~("));
  assert.match(all.status, /expression/);
  all.find(compileFind(""));
  assert.equal(all.status, "");
});

test("hits follow appends and drops", () => {
  const store = new LineStore(100);
  store.append(records(0, 50));
  const view = new LogView(store);
  view.find(compileFind("~0$"));
  view.next();
  assert.equal(view.current, 0);
  store.append(records(50, 100));
  view.update();
  assert.equal(view.status, "1 of 10");
  store.append(records(100, 111));
  view.update();
  assert.equal(view.current, -1, "the current hit was dropped");
  assert.match(view.status, /^0 of (9|10)$/);
  assert.equal(view.next(), 20);
});
