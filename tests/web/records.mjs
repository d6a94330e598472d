/** Records of the API for tests. */

const BASE = 110_000_000_000_000_000n;

/** Return the id of the n-th record: beyond 2^53. */
export const id = (n) => String(BASE + BigInt(n));

/** Return the n-th record. */
export function record(n, line = `line ${n}`, more = {}) {
  const timestamp = "2026-11-29T02:35:26.123Z";
  return { id: id(n), timestamp, process: "web", stream: "stdout", line, level: null, ...more };
}

export const records = (from, to) => Array.from({ length: to - from }, (_, i) => record(from + i));

export const lines = (store) =>
  Array.from({ length: store.length }, (_, i) => store.get(store.first + i)).map((row) => row.line ?? row);
