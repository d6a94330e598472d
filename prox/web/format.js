/** Numbers, durations and times as people read them. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNITS = ["B", "KB", "MB", "GB", "TB"];

/** Return a whole number with its thousands separated: `1 204`. */
export function grouped(number) {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, " ");
}

/** Return a number with a noun: `1 line`, `1 204 lines`. */
export function counted(number, noun) {
  return `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** Return a duration with its two largest units: `45 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const pair = (size, unit, smaller, smallerUnit) =>
    `${Math.floor(whole / size)} ${unit} ${Math.floor((whole % size) / smaller)} ${smallerUnit}`;
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return pair(MINUTE, "min", 1, "s");
  if (whole < DAY) return pair(HOUR, "h", MINUTE, "min");
  return pair(DAY, "d", HOUR, "h");
}

/** Return a duration in milliseconds: `0.4 ms`, `16 ms`, `2.31 s`. */
export function milliseconds(value) {
  if (value < 10) return `${value.toFixed(1)} ms`;
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(2)} s`;
}

/** Return an amount of memory or data: `512 B`, `21.5 MB`; empty for null. */
export function bytes(value) {
  if (value === null || value === undefined) return "";
  let unit = 0;
  let amount = value;
  while (amount >= 1000 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${unit === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[unit]}`;
}

/** Return a percentage: `3.0 %`; empty for null. */
export function percent(value) {
  return value === null || value === undefined ? "" : `${value.toFixed(1)} %`;
}

/** Return the clock of a timestamp in the browser's time zone: `17:04:05.123`. */
export function clock(timestamp) {
  const date = new Date(timestamp);
  if (Number.isNaN(date.getTime())) return String(timestamp);
  const two = (number) => String(number).padStart(2, "0");
  const three = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${three}`;
}

/** Return the date of a timestamp in the browser's time zone: `2026-11-29`. */
export function date(timestamp) {
  const found = new Date(timestamp);
  if (Number.isNaN(found.getTime())) return String(timestamp);
  const two = (number) => String(number).padStart(2, "0");
  return `${found.getFullYear()}-${two(found.getMonth() + 1)}-${two(found.getDate())}`;
}

/** Return the last part of a path, the folder's name. */
export function baseName(path) {
  return path.replace(/[\\/]+$/, "").split(/[\\/]/).at(-1) || path;
}
