import assert from "node:assert/strict";
import { test } from "node:test";

import { FixedHeights, MeasuredHeights } from "../../prox/web/heights.js";
import { VirtualList } from "../../prox/web/virtual_list.js";

/** A generator of the same numbers below `limit` in each run. */
function numbers(seed = 1) {
  return (limit) => (seed = (seed * 48271) % 2147483647) % limit;
}

test("measured heights agree with a plain list through appends, drops and measures", () => {
  const random = numbers();
  const heights = new MeasuredHeights(20);
  let plain = [];
  for (let round = 0; round < 3000; round++) {
    const add = random(4) === 0 ? random(40) : random(3);
    heights.append(add);
    plain.push(...Array(add).fill(20));
    if (random(3) === 0) {
      const count = random(plain.length + 3);
      const few = Math.min(count, 9);
      heights.drop(few);
      plain = plain.slice(few);
    }
    for (let i = 0; i < 3 && plain.length; i++) {
      const row = random(plain.length);
      const height = 20 * (1 + random(5));
      assert.equal(heights.measure(row, height), height - plain[row]);
      plain[row] = height;
    }
    assert.equal(heights.count, plain.length);
    const total = plain.reduce((a, b) => a + b, 0);
    assert.equal(heights.total, total);
    if (!plain.length) continue;
    const row = random(plain.length);
    const offset = plain.slice(0, row).reduce((a, b) => a + b, 0);
    assert.equal(heights.offsetOf(row), offset);
    assert.equal(heights.heightOf(row), plain[row]);
    assert.equal(heights.rowAt(offset), row);
    assert.equal(heights.rowAt(offset + plain[row] - 0.5), row);
    assert.equal(heights.rowAt(total + 5), plain.length - 1);
    assert.equal(heights.rowAt(-5), 0);
  }
  assert.equal(heights.measure(plain.length, 5), 0);
  assert.equal(heights.measure(-1, 5), 0);
});

test("fixed heights", () => {
  const heights = new FixedHeights(20, 10);
  assert.deepEqual([0, 19.9, 20, 199, 500, -1].map((offset) => heights.rowAt(offset)), [0, 0, 1, 9, 9, 0]);
  heights.drop(3);
  heights.append(1);
  assert.deepEqual([heights.count, heights.total, heights.offsetOf(2)], [8, 160, 40]);
  heights.drop(100);
  assert.equal(heights.count, 0);
});

test("the window covers the viewport and little more", () => {
  const list = new VirtualList({ rowHeight: 20, count: 200_000, overscan: 5 });
  assert.deepEqual(list.window(0, 400), { first: 0, last: 26, top: 0, height: 4_000_000 });
  assert.deepEqual(list.window(1_000_010, 400), { first: 49_995, last: 50_026, top: 999_900, height: 4_000_000 });
  const end = { first: 199_975, last: 200_000, top: 3_999_500, height: 4_000_000 };
  assert.deepEqual(list.window(list.end(400), 400), end);
  assert.equal(list.window(1e9, 400).last, 200_000);
  assert.equal(list.window(-50, 400).first, 0);
});

test("empty and short lists", () => {
  const list = new VirtualList({ rowHeight: 20 });
  assert.deepEqual(list.window(0, 400), { first: 0, last: 0, top: 0, height: 0 });
  assert.equal(list.end(400), 0);
  assert.ok(list.isAtEnd(0, 400));
  list.append(3);
  assert.deepEqual(list.window(0, 400), { first: 0, last: 3, top: 0, height: 60 });
  assert.deepEqual(list.anchor(0, 400), { row: 0, shift: 0 });
});

for (const wraps of [false, true]) {
  test(`what is on the screen stays when rows are dropped and measured, ${wraps ? "with" : "without"} wrapping`, () => {
    const random = numbers(7);
    const list = new VirtualList({ rowHeight: 20, wraps, count: 5000 });
    for (let row = 0; row < 5000; row++) list.measure(row, 20 * (1 + random(3)));
    const before = list.anchor(50_013, 600);
    assert.ok(before.row > 100 && before.shift <= 0 && before.shift > -60);
    list.drop(1000);
    list.append(500);
    const anchor = list.shifted(before, 1000);
    const scrollTop = list.scrollTopFor(anchor, 600);
    assert.deepEqual(list.anchor(scrollTop, 600), { row: before.row - 1000, shift: before.shift });
    list.measure(0, 300);
    assert.deepEqual(list.anchor(list.scrollTopFor(anchor, 600), 600), anchor);
    assert.deepEqual(list.shifted(anchor, anchor.row + 1), { row: 0, shift: 0 });
  });
}

test("a list higher than browsers allow is scaled: every row can be reached and is placed in the viewport", () => {
  const list = new VirtualList({ rowHeight: 20, wraps: true, count: 200_000, overscan: 0 });
  for (let row = 0; row < 200_000; row++) list.measure(row, row % 2 ? 200 : 100);
  const viewport = 600;
  const { height } = list.window(0, viewport);
  assert.equal(height, 10_000_000);
  for (const row of [0, 1, 777, 99_999, 150_000, 199_990]) {
    const scrollTop = list.scrollTopFor({ row, shift: 0 }, viewport);
    const window = list.window(scrollTop + 1e-6, viewport);
    assert.ok(window.first === row || window.first === row - 1, `${window.first} ${row}`);
    assert.ok(Math.abs(window.top - scrollTop) < 0.01 || window.first < row, String(window.top - scrollTop));
    assert.ok(window.top + 100 <= height);
  }
  const last = list.window(list.end(viewport), viewport);
  assert.equal(last.last, 200_000);
  let bottom = last.top;
  for (let row = last.first; row < last.last; row++) bottom += row % 2 ? 200 : 100;
  assert.ok(Math.abs(bottom - height) < 0.01, "the last row ends where the spacer ends");
});

test("a row is scrolled into view by as little as possible", () => {
  const list = new VirtualList({ rowHeight: 20, count: 1000 });
  assert.equal(list.scrollTopToShow(10, 100, 200), 100);
  assert.equal(list.scrollTopToShow(2, 100, 200), 40);
  assert.equal(list.scrollTopToShow(20, 100, 200), 220);
  assert.equal(list.scrollTopToShow(999, 0, 200), list.end(200));
});

test("following: a fraction of a pixel does not count", () => {
  const list = new VirtualList({ rowHeight: 20, count: 100 });
  assert.equal(list.end(200), 1800);
  assert.ok(list.isAtEnd(1799.5, 200));
  assert.ok(!list.isAtEnd(1790, 200));
});

test("a window of 200,000 wrapped rows is found fast", () => {
  const list = new VirtualList({ rowHeight: 20, wraps: true, count: 200_000 });
  const begin = performance.now();
  for (let i = 0; i < 10_000; i++) {
    list.measure(i * 20, 60);
    list.window(i * 400, 800);
  }
  assert.ok(performance.now() - begin < 5000);
});
