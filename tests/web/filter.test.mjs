import assert from "node:assert/strict";
import { test } from "node:test";

import { compileFilter, compileFind } from "../../prox/web/filter.js";

const passed = (text, lines) => lines.filter((line) => compileFilter(text).test(line));

test("all words must be in the line, in any order; excluded ones must not", () => {
  const lines = ["GET /a 200", "GET /b 404", "200 GET", "POST /a 200", ""];
  assert.deepEqual(passed("get 200", lines), ["GET /a 200", "200 GET"]);
  assert.deepEqual(passed("get !404", lines), ["GET /a 200", "200 GET"]);
  assert.deepEqual(passed("!get !post", lines), [""]);
  assert.deepEqual(passed("  ", lines), lines);
  assert.deepEqual(passed("!", lines), lines);
});

test("letter case matters only in a pattern with a capital", () => {
  const lines = ["Error", "error", "ERROR", "Ärger", "ärger"];
  assert.deepEqual(passed("error", lines), ["Error", "error", "ERROR"]);
  assert.deepEqual(passed("Error", lines), ["Error"]);
  assert.deepEqual(passed("ärger", lines), ["Ärger", "ärger"]);
  assert.deepEqual(passed("Ärger", lines), ["Ärger"]);
  assert.deepEqual(passed("~^err", lines), ["Error", "error", "ERROR"]);
  assert.deepEqual(passed("~^Err", lines), ["Error"]);
  assert.deepEqual(passed(String.raw`~\Srror`, lines), ["Error", "error", "ERROR"]);
  assert.deepEqual(passed(String.raw`~\SRror`, lines), []);
});

test("words are literal", () => {
  const special = String.raw`a.b*c [x] (y) ^$ {1} \d | +?`;
  for (const word of special.split(" ")) {
    assert.ok(compileFilter(word).test(special), word);
    assert.ok(!compileFilter(word).test("axb 5"), word);
  }
});

test("a tilde makes the rest one regular expression, blanks included", () => {
  assert.deepEqual(passed("~a b|c", ["a b", "b a", "c", "ab"]), ["a b", "c"]);
  assert.deepEqual(passed("~", ["x"]), ["x"]);
});

test("an invalid or long pattern reports an error and matches everything", () => {
  for (const pattern of ["~(", "x".repeat(257), `~${"x".repeat(256)}`]) {
    const filter = compileFilter(pattern);
    assert.equal(typeof filter.error, "string", pattern);
    assert.ok(filter.error.length > 5);
    assert.ok(filter.test("anything"));
    assert.ok(filter.passes({ line: "anything" }));
  }
  assert.equal(compileFilter("x".repeat(256)).error, null);
});

test("rows: escape sequences are ignored; gaps and events pass by an option", () => {
  assert.ok(compileFilter("error: x").passes({ line: "\x1b[31merror\x1b[0m: x" }));
  assert.ok(!compileFilter("31m").passes({ line: "\x1b[31merror\x1b[0m: x" }));
  assert.ok(compileFilter("x").passes({ gap: 5 }));
  assert.ok(!compileFilter("x", { rows: false }).passes({ gap: 5 }));
  assert.ok(!compileFilter("", { rows: false }).passes({ event: "started", process: "web" }));
});

test("find: the ranges of all words, ascending and merged", () => {
  assert.deepEqual(compileFind("ab").ranges("ab xx AB"), [[0, 2], [6, 8]]);
  assert.deepEqual(compileFind("abc bcd").ranges("abcd-bcd-abc"), [[0, 4], [5, 8], [9, 12]]);
  assert.deepEqual(compileFind("ab !xx").ranges("ab xx AB"), []);
  assert.deepEqual(compileFind("~b*").ranges("abba"), [[1, 3]]);
  assert.deepEqual(compileFind("ı").ranges("İİı"), [[2, 3]]);
  assert.equal(compileFind("~x").ranges("x-".repeat(5000)).length, 1000);
});

test("find: an empty or invalid pattern finds nothing", () => {
  for (const pattern of ["", "~", "~(", "x".repeat(300)]) {
    const find = compileFind(pattern);
    assert.ok(!find.test(""), pattern);
    assert.ok(!find.test("x("), pattern);
    assert.deepEqual(find.ranges("x("), [], pattern);
  }
  assert.equal(compileFind("").isEmpty, true);
  assert.equal(typeof compileFind("~(").error, "string");
  assert.ok(!compileFind("!x").passes({ gap: 1 }));
});
