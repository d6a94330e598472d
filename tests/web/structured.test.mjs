import assert from "node:assert/strict";
import { test } from "node:test";

import { shortForm, structuredFields } from "../../prox/web/structured.js";

const pairs = (line) => structuredFields(line).map(({ name, text }) => [name, text]);

test("fields of JSON keep their order, and large numbers all digits", () => {
  const line = '{"b": "text", "2": 12345678901234567890, "1": null, "a": "\\u003cimg\\u003e"}';
  assert.deepEqual(pairs(line), [
    ["b", "text"],
    ["2", "12345678901234567890"],
    ["1", "null"],
    ["a", "<img>"],
  ]);
});

test("nested values are indented, empty ones are not", () => {
  const [[, value], [, list], [, empty]] = pairs('{"a":{"b":[1,{"c":"x,}"}],"d":{}},"l":[true],"e":[]}');
  assert.equal(value, '{\n  "b": [\n    1,\n    {\n      "c": "x,}"\n    }\n  ],\n  "d": {}\n}');
  assert.equal(list, "[\n  true\n]");
  assert.equal(empty, "[]");
  assert.deepEqual(pairs('{"a":["\\u00e9\\u0007"]}'), [["a", '[\n  "é\\u0007"\n]']]);
});

test("of keys that occur twice, the last value counts, and __proto__ is a key", () => {
  assert.deepEqual(pairs('{"a":1,"__proto__":{"x":1},"a":2}'), [
    ["a", "2"],
    ["__proto__", '{\n  "x": 1\n}'],
  ]);
});

test("logfmt is at least two pairs and nothing else", () => {
  assert.deepEqual(pairs('level=warn msg="a \\"b\\"" empty='), [
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

// The table of tests/tui/test_structured.py.
for (const [line, short] of [
  ['{"level":"warn","time":"2025","msg":"low disk","free":12}', "low disk  free=12"],
  [
    '{"message":"x","err":{"code": 1},"name":"a b","none":null}',
    'x  err={"code":1} name="a b" none=null',
  ],
  ['{"a":1}', "a=1"],
  ['time=2025-01-19 level=info msg="two words" n=3', "two words  n=3"],
  ['a=1 b="q\\"uote"', 'a=1 b=q"uote'],
  ["a= b=2", 'a="" b=2'],
  ['{"msg":5,"event":"started","level":"info"}', "started"],
  ['{"level":"info"}', ""],
]) {
  test(`the short form of ${line}`, () => assert.equal(shortForm(structuredFields(line)), short));
}
