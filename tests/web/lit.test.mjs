import assert from "node:assert/strict";
import { test } from "node:test";

test("the vendored lit-html exports what the dashboard uses", async () => {
  // lit-html touches the document when it is imported.
  globalThis.document = { createTreeWalker: () => ({}), createComment: () => ({}) };
  const lit = await import("../../prox/web/lit.js");
  for (const name of ["html", "render", "repeat", "classMap", "live", "ref", "createRef", "keyed"]) {
    assert.equal(typeof lit[name], "function", name);
  }
  assert.equal(typeof lit.nothing, "symbol");
  assert.deepEqual(lit.html`<p>${1}</p>`.values, [1]);
});
