import assert from "node:assert/strict";
import { test } from "node:test";

import { UsageHistory } from "../../prox/web/usage_history.js";

test("a process that did not run has no usage, whatever its name", () => {
  const history = new UsageHistory();
  history.add([{ timestamp: "2026-01-01T00:00:00.000Z", processes: {} }]);
  for (const name of ["web", "constructor", "toString", "hasOwnProperty"]) {
    assert.equal(history.latest(name), null, name);
    assert.deepEqual(history.series(name), [[1767225600], [null], [null]], name);
  }
});
