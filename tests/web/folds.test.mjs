import assert from "node:assert/strict";
import { test } from "node:test";

import { Folds } from "../../prox/web/folds.js";
import { LineStore } from "../../prox/web/store.js";
import { record } from "./records.mjs";

const PYTHON = "Traceback (most recent call last):";
const take = (folds, index, text, { stream = "web", isError = false, continues = /^\s/.test(text) } = {}) =>
  folds.take(stream, index, { isError, continues, text: () => text });
const below = (folds) => Object.fromEntries(folds.below);

test("traces of two streams do not mix", () => {
  const folds = new Folds();
  const api = { stream: "api" };
  assert.equal(take(folds, 0, "  indented"), -1);
  assert.equal(take(folds, 1, PYTHON, { isError: true }), -1);
  assert.equal(take(folds, 2, 'Exception in thread "main" x.Y: z', { ...api, isError: true }), -1);
  assert.equal(take(folds, 3, "  File"), 1);
  assert.equal(take(folds, 4, "\tat x.Y", api), 2);
  assert.equal(take(folds, 5, "x.Custom: why", { isError: true }), 1);
  assert.equal(take(folds, 6, "  later"), -1);
  assert.equal(take(folds, 7, "Caused by: q", { ...api, continues: true }), 2);
  assert.equal(take(folds, 8, "next", api), -1);
  assert.deepEqual(below(folds), {
    1: { count: 2, last: 5, message: 5 },
    2: { count: 2, last: 7, message: -1 },
  });
  folds.forgetBefore(6);
  assert.deepEqual(Object.keys(below(folds)), ["2"]);
});

test("a message comes after frames only", () => {
  const folds = new Folds();
  take(folds, 0, PYTHON, { isError: true });
  assert.equal(take(folds, 1, "ValueError: no frames", { isError: true }), -1);
  assert.equal(take(folds, 2, "  of the second error"), 1);
});

test("a Go trace has blank lines and functions", () => {
  const folds = new Folds();
  take(folds, 0, "panic: boom", { isError: true });
  const lines = ["", "goroutine 1 [running]:", "main.main()", "\t/src/main.go:4 +0x1d"];
  assert.deepEqual(lines.map((text, n) => take(folds, n + 1, text)), [0, 0, 0, 0]);
  assert.equal(take(folds, 5, "exit status 2"), -1);
  assert.deepEqual(below(folds), { 0: { count: 4, last: 4, message: -1 } });
});

test("an error ends the trace before it and begins another one", () => {
  const folds = new Folds();
  take(folds, 0, "ERROR: one", { isError: true });
  take(folds, 1, "  frame");
  assert.equal(take(folds, 2, "ERROR: two", { isError: true }), -1);
  assert.equal(take(folds, 3, "  frame"), 2);
  folds.end();
  assert.equal(take(folds, 4, "  after a gap"), -1);
});

test("rows of a store know the line that they are folded below", () => {
  const store = new LineStore(64);
  const heads = () => Array.from({ length: store.length }, (_, i) => store.get(store.first + i).head);
  store.append([
    record(0, "panic: boom", { level: "error" }),
    record(1, "\x1b[1mgoroutine 1 [running]:\x1b[0m", { continues: true }),
    record(2, "  of another process", { process: "api", continues: true }),
    record(3, "main.main()"),
    record(4, "  a prompt", { partial: true }),
    record(5, "  that goes on"),
    record(6, "next"),
    record(7, "ERROR: two", { level: "error" }),
    { gap: 3 },
    record(8, "  after the gap", { continues: true }),
  ]);
  assert.deepEqual(heads(), [-1, 0, -1, 0, -1, -1, -1, undefined, -1]);
  assert.deepEqual(store.folds.below.get(0), { count: 2, last: 3, message: -1 });
  assert.equal(store.get(3).blockLevel, "error", "an unindented line has the level of its trace");
});

test("a store forgets a trace with its last line", () => {
  const store = new LineStore(10);
  store.append([record(0, "ERROR", { level: "error" })]);
  for (let n = 1; n < 15; n++) store.append([record(n, "  frame", { continues: true })]);
  assert.ok(store.first > 0);
  assert.deepEqual(store.folds.below.get(0), { count: 14, last: 14, message: -1 });
  for (let n = 15; n < 40; n++) store.append([record(n)]);
  assert.equal(store.folds.below.size, 0);
});
