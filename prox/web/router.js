/**
 * The addresses of the views, in the fragment of the page's URL.
 *
 * `#/processes`, `#/processes/NAME`, `#/logs?process=A,B&filter=TEXT&level=L,M&line=ID`, `#/requests`,
 * `#/requests/ID`, `#/graph`, `#/jobs`, `#/jobs/RUN`, `#/system`. Any other address is that of the processes.
 */
import { isId } from "./ids.js";

export const VIEWS = ["processes", "logs", "requests", "graph", "jobs", "system"];
export const LEVELS = ["error", "warn", "info", "debug"];

/**
 * `process`: the one of the view processes; `processes`, `filter`, `levels`, `line`: of the view logs, where empty
 * lists stand for all; `request`: an id of the view requests; `run`: one of the view jobs.
 * @typedef {{view: string, process?: string, processes?: string[], filter?: string, levels?: string[],
 *   line?: string|null, request?: string, run?: string}} Route
 */

/**
 * Return the route of a fragment, with or without `#`.
 * @param {string} hash
 * @returns {Route}
 */
export function parseRoute(hash) {
  const [path, ...rest] = hash.replace(/^#/, "").split("?");
  const [root, view, ...parts] = path.split("/");
  const names = parts.filter(Boolean).map(decoded);
  if (root !== "" || !VIEWS.includes(view) || names.length > 1 || names.includes(null)) return { view: "processes" };
  const [name] = names;
  if (view === "logs" && !name) return logsRoute(new URLSearchParams(rest.join("?")));
  if (view === "processes" && name) return { view, process: name };
  if (view === "requests" && name && /^[0-9a-f]+$/.test(name)) return { view, request: name };
  if (view === "jobs" && name && /^\w[\w.-]*$/.test(name)) return { view, run: name };
  return name ? { view: "processes" } : { view };
}

/**
 * Return the fragment of a route, with `#`.
 * @param {Route} route
 */
export function formatRoute(route) {
  const { view, process, request, run } = route;
  if (view === "processes" && process) return `#/processes/${encodeURIComponent(process)}`;
  if (view === "requests" && request) return `#/requests/${encodeURIComponent(request)}`;
  if (view === "jobs" && run) return `#/jobs/${encodeURIComponent(run)}`;
  if (view !== "logs") return `#/${VIEWS.includes(view) ? view : "processes"}`;
  const { processes = [], filter = "", levels = [], line = null } = route;
  const query = [
    ["process", list(processes)],
    ["filter", encodeURIComponent(filter)],
    ["level", list(levels)],
    ["line", line ?? ""],
  ];
  const text = query.filter(([, value]) => value).map((pair) => pair.join("="));
  return text.length ? `#/logs?${text.join("&")}` : "#/logs";
}

function logsRoute(query) {
  const values = (name) => [...new Set((query.get(name) ?? "").split(",").filter(Boolean))];
  const line = query.get("line");
  return {
    view: "logs",
    processes: values("process"),
    filter: query.get("filter") ?? "",
    levels: values("level").filter((level) => LEVELS.includes(level)),
    line: isId(line) ? line : null,
  };
}

function list(values) {
  return values.map(encodeURIComponent).join(",");
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
