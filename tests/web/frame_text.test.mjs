import assert from "node:assert/strict";
import { test } from "node:test";

import { frameText } from "../../prox/web/frame_text.js";

test("the text of a frame is bounded, and binary data is not shown", () => {
  assert.equal(frameText({ is_binary: false, data: "hi", truncated: false, size: 2 }), "hi");
  assert.equal(frameText({ is_binary: false, data: "hi", truncated: true, size: 9 }), "hi …");
  assert.equal(frameText({ is_binary: true, data: "AAA=", truncated: false, size: 2 }), "(binary)");
  assert.equal(frameText({ is_binary: true, data: "", truncated: false, size: 0 }), "");
  assert.equal(frameText({ is_binary: false, data: "x".repeat(5000), truncated: false, size: 5000 }).length, 2002);
});
