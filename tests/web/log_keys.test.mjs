import assert from "node:assert/strict";
import { test } from "node:test";

import { commandOf } from "../../prox/web/log_keys.js";

test("keys move, page, unfold and go to the ends", () => {
  const command = (key, more = {}, isOnLog = true) => commandOf({ key, ...more }, isOnLog);
  assert.deepEqual(command("Home"), { name: "begin" });
  assert.deepEqual(command("End", { ctrlKey: true }), { name: "end" });
  assert.deepEqual(command("ArrowUp"), { name: "move", step: -1 });
  assert.deepEqual(command("PageDown"), { name: "page", step: 1 });
  assert.deepEqual([command(" "), command(" ", { shiftKey: true })].map(({ step }) => step), [1, -1]);
  assert.deepEqual(command("Enter"), { name: "toggle" });
  for (const key of ["e", "Tab", "toString"]) assert.equal(command(key), null, key);
  assert.equal(command("ArrowUp", { altKey: true }), null);
});

test("Enter and Space on a button are the button's", () => {
  const onButton = (key) => commandOf({ key }, false);
  assert.deepEqual([onButton("Enter"), onButton(" ")], [null, null]);
  assert.deepEqual(onButton("PageUp"), { name: "page", step: -1 });
});
