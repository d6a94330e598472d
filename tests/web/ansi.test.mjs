import assert from "node:assert/strict";
import { test } from "node:test";

import { ANSI_CLASSES, ansiFragments } from "../../prox/web/ansi.js";
import { plainText } from "../../prox/web/plain.js";

const pairs = (line) => ansiFragments(line).map(({ text, classes }) => [text, ...classes]);

test("colours become class names", () => {
  assert.deepEqual(pairs("plain <b>&amp;</b>"), [["plain <b>&amp;</b>"]]);
  assert.deepEqual(pairs("\x1b[31mred\x1b[0m <i> \x1b[1;92;44mx\x1b[m."), [
    ["red", "ansi-red-fg"],
    [" <i> "],
    ["x", "ansi-bold", "ansi-bright-green-fg", "ansi-blue-bg"],
    ["."],
  ]);
  assert.deepEqual(pairs("\x1b[2mf\x1b[22;3mi\x1b[23;4mu\x1b[24;7mv\x1b[27;9ms\x1b[29mn"), [
    ["f", "ansi-faint"],
    ["i", "ansi-italic"],
    ["u", "ansi-underline"],
    ["v", "ansi-inverse"],
    ["s", "ansi-strike"],
    ["n"],
  ]);
  assert.deepEqual(ansiFragments(""), []);
  assert.deepEqual(ansiFragments("\x1b[31m"), []);
});

test("other colours become the nearest of the 16", () => {
  assert.deepEqual(pairs("\x1b[38;5;196mx"), [["x", "ansi-red-fg"]]);
  assert.deepEqual(pairs("\x1b[38;5;7mx"), [["x", "ansi-white-fg"]]);
  assert.deepEqual(pairs("\x1b[48;2;10;10;200mx"), [["x", "ansi-blue-bg"]]);
  assert.deepEqual(pairs("\x1b[38:2::250:250:250mx"), [["x", "ansi-white-fg"]]);
  assert.deepEqual(pairs("\x1b[38:5:2mx\x1b[4:3my\x1b[4:0mz"), [
    ["x", "ansi-green-fg"],
    ["y", "ansi-underline", "ansi-green-fg"],
    ["z", "ansi-green-fg"],
  ]);
});

test("each line begins without colours", () => {
  ansiFragments("\x1b[1;31;7;9mnot reset");
  assert.deepEqual(pairs("\x1b[3mx"), [["x", "ansi-italic"]]);
  ansiFragments("\x1b[31munfinished\x1b[");
  assert.deepEqual(pairs("y\x1b[0m"), [["y"]]);
});

test("other escape sequences and control characters are removed, and nothing else", () => {
  const lines = {
    "a\x1b[2Kb\x1b[1;2Hc\x1b[?25ld": "abcd",
    "\x1b]0;title\x07text": "text",
    "\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\ after": "link after",
    "\x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07": "link",
    "\x1bPq#0\x1b\\dcs": "dcs",
    "\x1b]0;without end": "0;without end",
    "\x1b(Bx\x1b7y\x1bcz": "xyz",
    "cr\r, bell\x07, nul\x00, tab\t, del\x7f, c1\x85.": "cr, bell, nul, tab\t, del, c1.",
    "\x9b31mred\x9b0m": "red",
    "\x1b": "",
    "end\x1b[": "end",
    "end\x1b[3": "end",
    "\x1b\x1b[31mx": "x",
    "\x1b[31\x1b[1mx": "x",
    "äöü 日本 🎉": "äöü 日本 🎉",
  };
  for (const [line, text] of Object.entries(lines)) {
    assert.equal(plainText(line), text, JSON.stringify(line));
    assert.equal(pairs(line).map(([each]) => each).join(""), text, JSON.stringify(line));
  }
});

test("fragments are the plain text, whatever comes", () => {
  let seed = 3;
  const random = (limit) => (seed = (seed * 48271) % 2147483647) % limit;
  const parts = ["\x1b", "[", "]", "m", "8", ";", ":", "31", "38", "5", "2", "x", "<b>", "\x07", "\\", "(", "\x9b",
    "\x9c", "\r", " ", "?", "\x1b[1m", "\x1b[0m", "é", "P", "\x1b]8;;http://x\x07"];
  for (let round = 0; round < 20_000; round++) {
    const line = Array.from({ length: random(14) }, () => parts[random(parts.length)]).join("");
    const fragments = ansiFragments(line);
    assert.equal(fragments.map(({ text }) => text).join(""), plainText(line), JSON.stringify(line));
    assert.doesNotMatch(plainText(line), /[\x00-\x08\x0a-\x1f\x7f-\x9f]/);
    for (const { classes } of fragments) for (const name of classes) assert.ok(ANSI_CLASSES.includes(name), name);
  }
});

test("hostile lines of 1 MiB take linear time and a bounded number of fragments", () => {
  const size = 1024 * 1024;
  const begin = performance.now();
  for (const part of ["\x1b]", "\x1b[", "\x1b[31", "\x1b]8;;", "\x1b[31ma\x1b[32mb", "\x1b(", "\x9b0;", "\x1bP\x1b"]) {
    const fragments = ansiFragments(part.repeat(size / part.length));
    assert.ok(fragments.length <= 2000);
  }
  assert.deepEqual(ansiFragments(`\x1b[${"1;".repeat(size / 2)}1mx`), [{ text: "x", classes: [] }]);
  assert.ok(performance.now() - begin < 20_000, String(performance.now() - begin));
});
