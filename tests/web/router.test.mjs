import assert from "node:assert/strict";
import { test } from "node:test";

import { formatRoute, parseRoute } from "../../prox/web/router.js";

const LOGS = { view: "logs", processes: [], filter: "", levels: [], line: null };

test("each address of a view is its route, and back", () => {
  const routes = {
    "#/processes": { view: "processes" },
    "#/processes/api": { view: "processes", process: "api" },
    "#/processes/a%2Fb%3Fc": { view: "processes", process: "a/b?c" },
    "#/logs": LOGS,
    "#/logs?process=web,api": { ...LOGS, processes: ["web", "api"] },
    "#/logs?filter=~a%20%26%20%23%3Fb%2B%25": { ...LOGS, filter: "~a & #?b+%" },
    "#/logs?process=web&filter=x&level=error,warn&line=110000000000000001": {
      view: "logs",
      processes: ["web"],
      filter: "x",
      levels: ["error", "warn"],
      line: "110000000000000001",
    },
    "#/requests": { view: "requests" },
    "#/requests/01abcde": { view: "requests", request: "01abcde" },
    "#/graph": { view: "graph" },
    "#/jobs": { view: "jobs" },
    "#/jobs/20261125T035308.074Z-1f0a": { view: "jobs", run: "20261125T035308.074Z-1f0a" },
    "#/system": { view: "system" },
  };
  for (const [hash, route] of Object.entries(routes)) {
    assert.deepEqual(parseRoute(hash), route, hash);
    assert.equal(formatRoute(route), hash);
  }
});

test("an unknown address is that of the processes", () => {
  for (const hash of ["", "#", "#/", "#/nothing", "#/processes/", "processes", "#logs", "#/logs/web", "#/processes/%E0",
    "#/processes/a/b", "#/requests/../x", "#/requests/xyz",
    "#/jobs/..", "#/jobs/a%2Fb", "#/graph/x", "#/logs/%E0", "#/constructor", "#//logs"]) {
    assert.deepEqual(parseRoute(hash), { view: "processes" }, hash);
  }
  assert.equal(formatRoute({ view: "nothing" }), "#/processes");
});

test("parameters are checked, and unknown ones ignored", () => {
  assert.deepEqual(parseRoute("#/logs?process=,web,,web&level=loud,error&line=1e5&x=1"), {
    ...LOGS,
    processes: ["web"],
    levels: ["error"],
  });
  assert.deepEqual(parseRoute("#/logs?filter=a+b?c"), { ...LOGS, filter: "a b?c" });
  assert.deepEqual(parseRoute("/logs?line=5"), { ...LOGS, line: "5" });
});
