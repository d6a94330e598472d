import assert from "node:assert/strict";
import { test } from "node:test";

import { partOf } from "../../prox/web/traces.js";

const PYTHON = "Traceback (most recent call last):";
const GO = "panic: boom";
const JAVA = 'Exception in thread "main" x.Y: z';

// The table of tests/tui/test_traces.py.
const CASES = [
  [PYTHON, "ValueError: bad number", "message"],
  [PYTHON, "shop.errors.OutOfStock: 3 left", "message"],
  [PYTHON, "KeyboardInterrupt", "message"],
  [PYTHON, "AssertionError:", "message"],
  [PYTHON, "", "no"],
  [PYTHON, "server has started", "no"],
  [PYTHON, "GET / 200", "no"],
  [PYTHON, "10:32:01 INFO: next", "no"],
  [GO, "", "frame"],
  [GO, "goroutine 1 [running]:", "frame"],
  [GO, "main.main()", "frame"],
  [GO, "net/http.(*conn).serve(0xc0000b4000, {0x6d8f08, 0xc00007e4b0})", "frame"],
  [GO, "created by net/http.(*Server).Serve in goroutine 1", "frame"],
  [GO, "exit status 2", "no"],
  [GO, "listening on :8080 (http)", "no"],
  [JAVA, "x.Y: z", "no"],
  [JAVA, "", "no"],
];

for (const [head, text, part] of CASES) {
  test(`${JSON.stringify(text)} after ${head.slice(0, 9)}: ${part}`, () => assert.equal(partOf(head, text), part));
}

test("a long line takes linear time", () => {
  assert.equal(partOf(GO, "(".repeat(1_000_000)), "no");
  assert.equal(partOf(GO, `${"(".repeat(1_000_000)})`), "frame");
  assert.equal(partOf(PYTHON, "a.".repeat(500_000) + " "), "no");
});
