/** Lines that only the log files have: older than those that the stream began with, and of earlier runs. */
import { LineStore } from "./store.js";

const MAX_LINES = 10_000;

/**
 * Return the times of the oldest lines of a store by process.
 * @param {LineStore} store
 * @param {Set<string>|null} processes null stands for all
 * @returns {Map<string, string>}
 */
export function oldestTimes(store, processes) {
  const times = new Map();
  for (let index = store.first; index < store.end; index++) {
    const { id, process, timestamp } = store.get(index);
    if (id && !times.has(process) && (!processes || processes.has(process))) times.set(process, timestamp);
  }
  return times;
}

/** Return the path of the API that has the newest lines of the log files up to these times. */
export function olderPath(times, processes) {
  const query = new URLSearchParams({ lines: MAX_LINES });
  if (processes) query.set("process", [...processes].join(","));
  const newest = [...times.values()].sort().at(-1);
  // The end is exclusive, and several lines can have the same millisecond.
  if (newest) query.set("until", new Date(Date.parse(newest) + 1).toISOString());
  return `/logs/files?${query}`;
}

/** Return a store with the records that are not newer than these times. They get their number as id. */
export function storeOf(records, times) {
  const store = new LineStore();
  const older = records.filter(({ process, timestamp }) => !times.has(process) || timestamp <= times.get(process));
  store.append(older.map((record, index) => ({ ...record, id: String(index + 1) })));
  return store;
}
