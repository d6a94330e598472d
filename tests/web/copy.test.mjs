import assert from "node:assert/strict";
import { test } from "node:test";

import { rowsToJson, rowsToMarkdown, rowsToText } from "../../prox/web/copy.js";
import { LineStore } from "../../prox/web/store.js";
import { id, record } from "./records.mjs";

const store = new LineStore();
store.append([
  record(0, "\x1b[31mred\x1b[0m", { level: "error" }),
  { gap: 1204 },
  { event: "restarted", process: "web" },
  record(1, "second", { process: "api" }),
  { gap: 1 },
]);
const rows = [0, 1, 2, 3, 4].map((index) => store.get(index));

test("text is what is shown", () => {
  assert.equal(rowsToText(rows), "red\n… 1 204 lines not shown\n— restarted —\nsecond\n… 1 line not shown");
  assert.equal(
    rowsToText(rows, { names: true }),
    "web │ red\n… 1 204 lines not shown\nweb │ — restarted —\napi │ second\n… 1 line not shown",
  );
  assert.equal(rowsToText(rows.slice(3, 4), { times: true, names: true }), "2026-11-29T02:35:26.123Z api │ second");
  const formatTime = (timestamp) => timestamp.slice(11, 19);
  assert.equal(rowsToText(rows.slice(3, 4), { times: true, formatTime }), "02:35:26 second");
  assert.equal(rowsToText([]), "");
  assert.equal(rowsToText([{ gap: 1234567 }]), "… 1 234 567 lines not shown");
});

test("JSON has the records of the API and nothing of ours", () => {
  const parsed = JSON.parse(rowsToJson(rows));
  assert.deepEqual(parsed, [
    record(0, "\x1b[31mred\x1b[0m", { level: "error" }),
    { gap: 1204 },
    { process: "web", event: "restarted" },
    record(1, "second", { process: "api" }),
    { gap: 1 },
  ]);
  assert.equal(parsed[0].id, id(0));
  assert.deepEqual(JSON.parse(rowsToJson([])), []);
});

test("the fence of Markdown is longer than any in the text", () => {
  assert.equal(rowsToMarkdown([record(0, "x")]), "```text\nx\n```\n");
  assert.equal(rowsToMarkdown([record(0, "``"), record(1, "`````")]), "``````text\n``\n`````\n``````\n");
  assert.equal(rowsToMarkdown([record(0, "x")], { names: true }), "```text\nweb │ x\n```\n");
});
