/** The graph of `depends_on`: its drawing in columns, and the critical path. */

const WIDTH = 170;
const HEIGHT = 44;
const GAP_X = 60;
const GAP_Y = 18;
const MARGIN = 8;
/** Milliseconds by which times can be wrong. */
const PRECISION = 2;

/**
 * Place each process in the column after those of all its dependencies.
 * @param {{name: string, depends_on: string[]}[]} processes
 * @returns {{width: number, height: number, nodes: {name: string, x: number, y: number, width: number,
 *   height: number}[], edges: {from: string, to: string, path: string}[]}} an edge leads from a dependency to the
 *   process that waits for it
 */
export function layout(processes) {
  const byName = new Map(processes.map((each) => [each.name, each]));
  const columns = new Map();
  const columnOf = (name, above) => {
    if (columns.has(name)) return columns.get(name);
    // The configuration has no cycles; a stale state of two reloads might.
    if (above.has(name)) return 0;
    const needed = byName.get(name).depends_on.filter((each) => byName.has(each));
    const inner = new Set([...above, name]);
    const column = needed.reduce((most, each) => Math.max(most, columnOf(each, inner) + 1), 0);
    columns.set(name, column);
    return column;
  };
  const used = [];
  const nodes = processes.map(({ name }) => {
    const column = columnOf(name, new Set());
    const row = (used[column] = (used[column] ?? -1) + 1);
    const [x, y] = [MARGIN + column * (WIDTH + GAP_X), MARGIN + row * (HEIGHT + GAP_Y)];
    return { name, x, y, width: WIDTH, height: HEIGHT };
  });
  const places = new Map(nodes.map((node) => [node.name, node]));
  const edges = processes.flatMap(({ name, depends_on: needed }) =>
    needed.filter((each) => places.has(each)).map((each) => edge(places.get(each), places.get(name))),
  );
  const extent = (key, size) => nodes.reduce((most, node) => Math.max(most, node[key] + size + MARGIN), 0);
  return { width: extent("x", WIDTH), height: extent("y", HEIGHT), nodes, edges };
}

/**
 * Return the chain of processes that determined when the last one was ready, from first to last: backwards from the
 * process that was ready last, each time to the dependency that was ready last. The same as prox/core/critical_path.py.
 * @param {{name: string, depends_on: string[], started_at: string|null, ready_seconds: number|null}[]} processes
 * @returns {string[]}
 */
export function criticalPath(processes) {
  const ready = new Map();
  for (const { name, started_at: startedAt, ready_seconds: seconds } of processes) {
    if (startedAt && seconds !== null && seconds !== undefined) ready.set(name, Date.parse(startedAt) + seconds * 1000);
  }
  const needs = new Map(processes.map((each) => [each.name, each.depends_on]));
  const last = (names) =>
    names.reduce((found, each) => (found === null || ready.get(each) > ready.get(found) ? each : found), null);
  const path = [];
  let name = last([...ready.keys()]);
  // Times are rounded: one that was ready with its dependency was ready after it.
  for (const seen = new Set(); name !== null && !seen.has(name); ) {
    seen.add(name);
    const limit = ready.get(name) - PRECISION;
    name = [...ready.keys()].find((each) => needs.get(each).includes(name) && ready.get(each) >= limit) ?? name;
  }
  while (name !== null && !path.includes(name)) {
    path.push(name);
    name = last(needs.get(name).filter((each) => ready.has(each)));
  }
  return path.reverse();
}

/** Return the names of the processes that depend on each process. */
export function dependentsOf(processes) {
  const found = new Map(processes.map(({ name }) => [name, []]));
  for (const { name, depends_on: needed } of processes) for (const each of needed) found.get(each)?.push(name);
  return found;
}

function edge(from, to) {
  const [x1, y1] = [from.x + from.width, from.y + from.height / 2];
  const [x2, y2] = [to.x, to.y + to.height / 2];
  const middle = (x1 + x2) / 2;
  return { from: from.name, to: to.name, path: `M${x1} ${y1} C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}` };
}
