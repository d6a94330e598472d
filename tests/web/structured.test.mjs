import assert from "node:assert/strict";
import { test } from "node:test";

import { structuredFields } from "../../prox/web/structured.js";

test("fields of JSON keep their order, and large numbers all digits", () => {
  const line = '{"b": "text", "2": 12345678901234567890, "1": null, "a": "\\u003cimg\\u003e"}';
  assert.deepEqual(structuredFields(line), [
    ["b", "text"],
    ["2", "12345678901234567890"],
    ["1", "null"],
    ["a", "<img>"],
  ]);
});

test("nested values are indented, empty ones are not", () => {
  const [[, value], [, list], [, empty]] = structuredFields('{"a":{"b":[1,{"c":"x,}"}],"d":{}},"l":[true],"e":[]}');
  assert.equal(value, '{\n  "b": [\n    1,\n    {\n      "c": "x,}"\n    }\n  ],\n  "d": {}\n}');
  assert.equal(list, "[\n  true\n]");
  assert.equal(empty, "[]");
});

test("of keys that occur twice, the last value counts, and __proto__ is a key", () => {
  assert.deepEqual(structuredFields('{"a":1,"__proto__":{"x":1},"a":2}'), [
    ["a", "2"],
    ["__proto__", '{\n  "x": 1\n}'],
  ]);
});

test("logfmt is at least two pairs and nothing else", () => {
  assert.deepEqual(structuredFields('level=warn msg="a \\"b\\"" empty='), [
    ["level", "warn"],
    ["msg", 'a "b"'],
    ["empty", ""],
  ]);
  for (const line of ["", "a=1", "word a=1 b=2", 'a=1 b="open', "a=1 b=2 rest"]) {
    assert.equal(structuredFields(line), null, line);
  }
});

test("other lines, long ones and deep ones are not structured", () => {
  for (const line of ["{}", "{no json}", "[1]", '{"a":1} x', `{"a":"${"x".repeat(65536)}"}`]) {
    assert.equal(structuredFields(line), null, line.slice(0, 20));
  }
  assert.equal(structuredFields(`{"a":${"[".repeat(20000)}${"]".repeat(20000)}}`), null);
});
