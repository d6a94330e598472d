import assert from "node:assert/strict";
import { test } from "node:test";

import {
  baseName, bytes, clock, counted, date, duration, grouped, milliseconds, percent,
} from "../../prox/web/format.js";

test("numbers are grouped and counted", () => {
  assert.deepEqual([0, 999, 1204, 1234567].map(grouped), ["0", "999", "1 204", "1 234 567"]);
  assert.deepEqual([counted(1, "line"), counted(1204, "line")], ["1 line", "1 204 lines"]);
});

test("durations have two units", () => {
  const wanted = ["0 s", "59 s", "1 min 0 s", "59 min 59 s", "1 h 0 min", "1 d 1 h"];
  assert.deepEqual([-1, 59.9, 60, 3599, 3600, 90000].map(duration), wanted);
  assert.deepEqual([0.42, 15.7, 999.4, 2310].map(milliseconds), ["0.4 ms", "16 ms", "999 ms", "2.31 s"]);
});

test("amounts have a unit", () => {
  assert.deepEqual([0, 999, 1000, 22532096, 3e9].map(bytes), ["0 B", "999 B", "1.0 KB", "21.5 MB", "2.8 GB"]);
  assert.deepEqual([bytes(null), percent(null), percent(3)], ["", "", "3.0 %"]);
});

test("a clock has milliseconds; what is no time stays", () => {
  assert.match(clock("2026-11-29T02:35:26.123Z"), /^\d\d:\d\d:26\.123$/);
  assert.equal(clock("soon"), "soon");
  assert.match(date("2026-06-15T12:00:00.000Z"), /^2026-06-1[456]$/);
  assert.equal(date("soon"), "soon");
});

test("the name of a folder", () => {
  assert.deepEqual(["/tmp/shop", "/tmp/shop/", "C:\\x\\shop", "/"].map(baseName), ["shop", "shop", "shop", "/"]);
});
