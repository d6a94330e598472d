import assert from "node:assert/strict";
import { test } from "node:test";
import { olderPath, oldestTimes, storeOf } from "../../prox/web/older_lines.js";
import { LineStore } from "../../prox/web/store.js";

const at = (seconds) => `2025-01-19T10:32:0${seconds}.123Z`;
const record = (process, seconds, line = "x", id = null) => ({
  id,
  timestamp: at(seconds),
  process,
  stream: "stdout",
  line,
  level: null,
});

test("the times are those of the oldest line of each process", () => {
  const store = new LineStore();
  const rows = [record("web", 1, "x", "1"), record("api", 3, "x", "2"), record("web", 4, "x", "3")];
  store.append([{ event: "started", process: "db" }, ...rows]);
  assert.deepEqual([...oldestTimes(store, null)], [["web", at(1)], ["api", at(3)]]);
  assert.deepEqual([...oldestTimes(store, new Set(["web"]))], [["web", at(1)]]);
});

test("the path ends with the newest of these times", () => {
  const times = new Map([["web", at(1)], ["api", at(3)]]);
  const query = new URLSearchParams(olderPath(times, new Set(["web", "api"])).split("?")[1]);
  assert.deepEqual(Object.fromEntries(query), {
    lines: "10000",
    process: "web,api",
    until: "2025-01-19T10:32:03.124Z",
  });
  assert.equal(olderPath(new Map(), null), "/logs/files?lines=10000");
});

test("newer lines are left out, the others numbered in their order", () => {
  const kept = [record("web", 1, "one"), record("api", 2, "two"), record("gone", 9, "three")];
  const records = [...kept, record("web", 2, "newer")];
  const store = storeOf(records, new Map([["web", at(1)], ["api", at(3)]]));
  assert.deepEqual([0, 1, 2].map((index) => store.get(index).line), ["one", "two", "three"]);
  assert.equal(store.indexOfId("2"), 1);
  assert.equal(store.length, 3);
});
