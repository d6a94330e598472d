import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import { NoCommand, curlOf, quoted } from "../../prox/web/curl.js";
import { compileRequestFilter, statusClass, statusText } from "../../prox/web/request_filter.js";

const REQUESTS = [
  { method: "GET", url: "/users?page=2", host: "api.localhost", service: "api", state: "done", status_code: 200 },
  { method: "POST", url: "/users", host: "api.localhost", service: "api", state: "done", status_code: 503 },
  { method: "GET", url: "/style.css", host: "web.localhost", service: "web", state: "active", status_code: 0 },
  { method: "GET", url: "/x", host: "web.localhost", service: "web", state: "done", status_code: 0, error: "reset" },
];

test("filter words select requests", () => {
  const found = (text) => REQUESTS.map((_, i) => i).filter((i) => compileRequestFilter(text)(REQUESTS[i]));
  assert.deepEqual(found(""), [0, 1, 2, 3]);
  assert.deepEqual(found("status:5xx"), [1]);
  assert.deepEqual(found("status:200"), [0]);
  assert.deepEqual(found("status:active"), [2]);
  assert.deepEqual(found("method:post"), [1]);
  assert.deepEqual(found("method:po"), []);
  assert.deepEqual(found("path:/USERS !status:503"), [0]);
  assert.deepEqual(found("service:web GET"), [2, 3]);
  assert.deepEqual(found("get !css"), [0, 3]);
  assert.deepEqual(found("status:"), [0, 1, 2, 3]);
  assert.deepEqual(found("constructor:x"), []);
  assert.deepEqual(REQUESTS.map(statusText), ["200", "503", "active", "failed"]);
  assert.deepEqual(REQUESTS.map(statusClass), ["status-2xx", "status-5xx", "status-active", "status-failed"]);
});

const NO_BODY = { size: 0, truncated: false, content_type: "", is_binary: false };
const body = (data, more = {}) => ({
  size: Buffer.byteLength(data),
  truncated: false,
  content_type: "text/plain",
  is_binary: false,
  data,
  ...more,
});

function request({ method = "GET", url = "/a?b={c}", headers = {}, request_body: requestBody = NO_BODY } = {}) {
  const details = { request_headers: headers, request_body: requestBody };
  return { method, scheme: "http", host: "api.localhost:6788", url, details };
}

test("a request is a curl command", () => {
  assert.equal(
    curlOf(request({ headers: { Host: ["api"], Accept: ["*/*"], "X-Empty": [""], "User-Agent": ["it's"] } })),
    `curl --globoff --path-as-is -X GET 'http://api.localhost:6788/a?b={c}' -H 'Accept: */*' -H 'X-Empty;' ` +
      `-H 'User-Agent: it'"'"'s'`,
  );
  assert.match(curlOf(request({ method: "HEAD" })), /--path-as-is --head /);
  const options = curlOf(request({ method: "OPTIONS", url: "*" }));
  assert.match(options, /--request-target '\*' http:\/\/api.localhost:6788\/ /);
  assert.match(curlOf(request({ headers: { "X-A": ["\x1b[31m"] } })), /\\x1b\[31m/);
});

test("a body is text where that is exact, and otherwise base64", () => {
  const post = (requestBody, headers) => curlOf(request({ method: "POST", request_body: requestBody, headers }));
  assert.match(post(body("@file\n'x'")), / -H Content-Type: --data-raw '@file\n'"'"'x'"'"''$/);
  assert.match(post(body("\x07")), /^printf %s Bw== \| base64 -d \| curl .* --data-binary @-$/);
  assert.match(post(body("AP8=", { is_binary: true, size: 2 })), /^printf %s AP8= /);
  assert.match(post(NO_BODY, { "Content-Length": ["0"] }), / --data-raw ''$/);
  const refused = (requestBody, headers, why) => assert.throws(() => post(requestBody, headers), { message: why });
  refused(body("a", { truncated: true }), {}, /not recorded whole/);
  refused(body("a"), { "Content-Encoding": ["gzip"] }, /compressed/);
  refused(body("\ufffd", { size: 3 }), {}, /not UTF-8/);
  refused(body("a", { content_type: "text/plain; charset=utf-16" }), {}, /not UTF-8/);
  assert.throws(() => curlOf(request({ method: "HEAD", request_body: body("a") })), NoCommand);
});

test("a shell reads quoted words as they are", () => {
  const words = ["a b", "it's", "$(id)", "`id`", "\\", '"', "", "~", "-x", "a\nb", "é"];
  const script = `printf '%s\\0' ${words.map(quoted).join(" ")}`;
  const printed = execFileSync("/bin/sh", ["-c", script], { encoding: "utf8" });
  assert.deepEqual(printed.split("\0").slice(0, -1), words);
});
