import assert from "node:assert/strict";
import { test } from "node:test";

import { layoutTimeline, seconds, ticks } from "../../prox/web/timeline.js";

const segment = (kind, start, end) => ({ kind, label: kind, start, end });

test("bars are where and as long as their segments", () => {
  const rows = [
    { name: "a", segments: [segment("waiting", 0, 5), segment("passed", 5, 10)] },
    { name: "b", segments: [] },
    { name: "c", segments: [segment("failed", 2.5, 2.5)] },
  ];
  const { width, height, left, right, rows: placed } = layoutTimeline(rows, 10);
  const [[waiting, passed], none, [failed]] = placed.map((row) => row.bars);
  assert.deepEqual(none, []);
  assert.equal(waiting.x, left);
  assert.equal(waiting.x + waiting.width, passed.x);
  assert.equal(passed.x + passed.width, right);
  assert.equal(passed.width, waiting.width);
  assert.equal(failed.x, left + (right - left) / 4);
  // An instant can be seen, too.
  assert.equal(failed.width, 1);
  assert.equal(passed.label, "passed, 5.0 s to 10.0 s");
  assert.ok(right < width && placed.at(-1).y < height);
  assert.equal(new Set(placed.map((row) => row.y)).size, 3);
});

test("a process that ended after the run fits", () => {
  const { right, rows } = layoutTimeline([{ name: "db", segments: [segment("ready", 0, 20)] }], 10);
  assert.equal(rows[0].bars[0].x + rows[0].bars[0].width, right);
});

test("a run without time has a time line", () => {
  const { rows, ticks: marks } = layoutTimeline([{ name: "a", segments: [segment("passed", 0, 0)] }], 0);
  assert.ok(Number.isFinite(rows[0].bars[0].x) && rows[0].bars[0].width === 1);
  assert.ok(marks.length);
});

test("ticks are few, and at round instants", () => {
  assert.deepEqual(ticks(10), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(ticks(0.31), [0, 0.1, 0.2, 0.3]);
  for (let end = 0.001; end < 1e6; end *= 1.37) {
    const found = ticks(end);
    assert.ok(found.length >= 2 && found.length <= 7, `${end}: ${found}`);
    assert.ok(found.at(-1) <= end * 1.000001, `${end}: ${found}`);
  }
});

test("seconds", () => {
  assert.deepEqual([0, 0.042, 1, 12.34].map(seconds), ["0.00 s", "0.04 s", "1.0 s", "12.3 s"]);
});
