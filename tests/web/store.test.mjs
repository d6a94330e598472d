import assert from "node:assert/strict";
import { test } from "node:test";

import { compareIds, isId } from "../../prox/web/ids.js";
import { LineStore } from "../../prox/web/store.js";
import { id, lines, record, records } from "./records.mjs";

test("ids beyond 2^53 that are equal as numbers are told apart", () => {
  assert.equal(Number(id(1)), Number(id(2)));
  assert.ok(compareIds(id(1), id(2)) < 0);
  assert.ok(compareIds("99", "100") < 0);
  assert.ok(compareIds("100", "99") > 0);
  assert.equal(compareIds(id(3), id(3)), 0);
  assert.deepEqual(["0", id(1), "", "01", "1e3", "-1", 5].map(isId), [true, true, false, false, false, false, false]);
});

test("each line is found by its id", () => {
  const store = new LineStore();
  store.append(records(0, 1000));
  for (let n = 0; n < 1000; n++) assert.equal(store.indexOfId(id(n)), n);
  assert.equal(store.indexOfId(id(1000)), -1);
  assert.equal(store.indexOfId("5"), -1);
});

test("indices stay the same when old rows are dropped", () => {
  const store = new LineStore(100);
  for (let n = 0; n < 1000; n += 7) {
    store.append(records(n, n + 7));
    assert.ok(store.length <= 100);
    assert.ok(store.length > 90 || store.first === 0);
    assert.equal(store.get(n + 6).line, `line ${n + 6}`);
    assert.equal(store.get(store.first).line, `line ${store.first}`);
    assert.equal(store.get(store.first - 1), undefined);
    assert.equal(store.indexOfId(id(n)), n);
  }
  assert.equal(store.indexOfId(id(0)), -1);
  assert.equal(store.end, 1001);
});

test("rows are dropped in blocks", () => {
  const store = new LineStore(1000);
  const firsts = new Set();
  for (let n = 0; n < 2000; n++) {
    store.append([record(n)]);
    firsts.add(store.first);
  }
  assert.ok(firsts.size < 40, String(firsts.size));
});

test("the number of characters is limited, too; the newest line is kept in any case", () => {
  const store = new LineStore(1000, 100);
  for (let n = 0; n < 30; n++) {
    store.append([record(n, "x".repeat(10))]);
    assert.ok(store.length >= Math.min(8, n) && store.length <= 10, String(store.length));
  }
  store.append([record(50, "y".repeat(1000))]);
  assert.deepEqual(lines(store), ["y".repeat(1000)]);
  store.append([record(51, "small")]);
  assert.deepEqual(lines(store), ["small"]);
});

test("a record that is already held is ignored", () => {
  const store = new LineStore();
  store.append(records(0, 5));
  store.append(records(3, 8));
  assert.deepEqual(lines(store), [0, 1, 2, 3, 4, 5, 6, 7].map((n) => `line ${n}`));
});

test("the parts of a line are one row, though lines of others come between", () => {
  const store = new LineStore();
  store.append([record(0, "Contin", { partial: true }), record(1, "other", { process: "api" })]);
  assert.equal(store.get(0).partial, true);
  assert.deepEqual(store.unfinished, [0]);
  const before = store.get(0);
  store.append([record(2, "same process", { stream: "stderr" }), record(3, "ue? yes", { level: "warn" })]);
  assert.deepEqual(lines(store), ["Continue? yes", "other", "same process"]);
  assert.equal(before.line, "Contin", "rows are not modified");
  const more = { level: "warn", blockLevel: "warn", lastId: id(3), head: -1 };
  assert.deepEqual(JSON.parse(JSON.stringify(store.get(0))), record(0, "Continue? yes", more));
  assert.deepEqual(store.unfinished, []);
  store.append([record(4, "next")]);
  assert.equal(store.get(3).line, "next");
  assert.deepEqual([0, 3, 1, 4].map((n) => store.indexOfId(id(n))), [0, 0, 1, 3]);
});

test("a record with replaces is the new state of the line", () => {
  const store = new LineStore();
  store.append([record(0, "10 %", { partial: true }), record(1, "20 %", { partial: true, replaces: true })]);
  assert.deepEqual(lines(store), ["20 %"]);
  store.append([record(2, "100 %", { replaces: true })]);
  assert.deepEqual(lines(store), ["100 %"]);
  assert.equal(store.get(0).partial, undefined);
  store.append([record(3, "without a line before", { replaces: true })]);
  assert.deepEqual(lines(store), ["100 %", "without a line before"]);
});

test("after a gap, an unfinished line is not continued", () => {
  const store = new LineStore();
  store.append([record(0, "begin", { partial: true }), { gap: 12 }, record(20, "end of another")]);
  assert.deepEqual(lines(store), ["begin", { gap: 12 }, "end of another"]);
});

test("a line in endless parts is split before it grows without limit", () => {
  const store = new LineStore();
  const part = "x".repeat(1024 * 1024);
  for (let n = 0; n < 10; n++) store.append([record(n, part, { partial: true })]);
  assert.equal(store.length, 3);
  assert.ok(store.get(0).line.length <= 4 * 1024 * 1024);
});

test("rows without id keep their place, and lines around them are found", () => {
  const store = new LineStore(40);
  store.append([{ event: "started", process: "web" }]);
  for (let n = 0; n < 100; n++) {
    store.append([record(n), { gap: 1 }, { event: "restarted", process: "web" }]);
    assert.deepEqual(store.get(store.indexOfId(id(n))).id, id(n));
    assert.deepEqual(store.get(store.indexOfId(id(n)) + 1), { gap: 1 });
  }
  assert.equal(store.indexOfId(id(1)), -1);
});

test("a line that continues the one before has its level as that of the block", () => {
  const store = new LineStore();
  store.append([
    record(0, "ERROR failed", { level: "error" }),
    record(1, "other", { process: "api", level: "info" }),
    record(2, "  at main", { continues: true }),
    record(3, "  at start", { continues: true }),
    record(4, "ready"),
    record(5, "  indented", { continues: true }),
  ]);
  const levels = [0, 1, 2, 3, 4, 5].map((index) => store.get(index).blockLevel);
  assert.deepEqual(levels, ["error", "info", "error", "error", null, null]);
  assert.equal(store.get(2).level, null);
});

test("an unfinished line that was dropped is continued by a new row", () => {
  const store = new LineStore(10);
  store.append([record(0, "old", { process: "api", partial: true })]);
  store.append(records(1, 30));
  store.append([record(30, " rest", { process: "api" })]);
  assert.equal(store.get(store.end - 1).line, " rest");
  assert.deepEqual(store.unfinished, []);
});

test("a million lines are appended to a full store in reasonable time", () => {
  const store = new LineStore();
  const begin = performance.now();
  for (let n = 0; n < 1_000_000; n += 1000) store.append(records(n, n + 1000));
  assert.ok(performance.now() - begin < 20_000);
  assert.ok(store.length <= 200_000 && store.length > 190_000);
});
