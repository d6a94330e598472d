import assert from "node:assert/strict";
import { test } from "node:test";

import { criticalPath, dependentsOf, layout } from "../../prox/web/dependencies.js";

const process = (name, needed = [], startedAt = null, seconds = null) => ({
  name,
  depends_on: needed,
  started_at: startedAt,
  ready_seconds: seconds,
});
const at = (second) => `2026-11-29T02:00:${String(second).padStart(2, "0")}.000Z`;

test("a process is in the column after its dependencies, without overlaps", () => {
  const list = [process("web", ["api", "cache"]), process("api", ["db"]), process("db"), process("cache")];
  const { nodes, edges, width, height } = layout(list);
  const x = Object.fromEntries(nodes.map((node) => [node.name, node.x]));
  assert.ok(x.db === x.cache && x.db < x.api && x.api < x.web);
  assert.equal(new Set(nodes.map((node) => `${node.x} ${node.y}`)).size, 4);
  assert.deepEqual(edges.map(({ from, to }) => `${from} ${to}`), ["api web", "cache web", "db api"]);
  assert.ok(nodes.every((node) => node.x + node.width <= width && node.y + node.height <= height));
});

test("unknown dependencies and cycles are no reason to fail", () => {
  assert.equal(layout([process("a", ["b", "gone"]), process("b", ["a"])]).nodes.length, 2);
  assert.deepEqual(layout([]).nodes, []);
  assert.deepEqual(dependentsOf([process("a", ["gone"]), process("b", ["a"])]), new Map([["a", ["b"]], ["b", []]]));
});

test("the critical path leads to what was ready last", () => {
  const list = [
    process("db", [], at(0), 5),
    process("cache", [], at(0), 1),
    process("api", ["db", "cache"], at(5), 2),
    process("web", ["api"], at(7), 1),
    process("idle", ["web"]),
    process("tool", [], at(0), 3),
  ];
  assert.deepEqual(criticalPath(list), ["db", "api", "web"]);
  assert.deepEqual(criticalPath([process("idle")]), []);
});

test("rounded times do not turn the order round", () => {
  // What was ready right after its dependency can seem to precede it.
  const list = [process("db", [], at(1), 1.0004), process("api", ["db"], at(2), 0), process("web", ["api"], at(2), 0)];
  assert.deepEqual(criticalPath([...list, process("other", [], at(2), 0)]), ["db", "api", "web"]);
});
