/** The geometry of a run's time line: where its bars and ticks are. */

const ROW = 24;
const TOP = 22;
const LEFT = 190;
const BARS = 640;
const RIGHT = 110;
const MAX_TICKS = 6;

/**
 * Place the segments of each row.
 * @param {{name: string, segments: {kind: string, label: string, start: number, end: number}[]}[]} rows
 *   times in seconds since the start of the run
 * @param {number} duration of the run, in seconds
 * @returns {{width: number, height: number, left: number, right: number, ticks: {x: number, label: string}[],
 *   rows: {y: number, bars: {x: number, width: number, kind: string, label: string}[]}[]}}
 */
export function layoutTimeline(rows, duration) {
  const end = rows.flatMap((row) => row.segments).reduce((most, each) => Math.max(most, each.end), duration) || 1;
  const x = (seconds) => LEFT + (BARS * seconds) / end;
  const placed = rows.map(({ segments }, index) => ({
    y: TOP + ROW * index,
    bars: segments.map(({ kind, label, start, end: stop }) => ({
      x: x(start),
      width: Math.max(1, x(stop) - x(start)),
      kind,
      label: `${label}, ${seconds(start)} to ${seconds(stop)}`,
    })),
  }));
  return {
    width: LEFT + BARS + RIGHT,
    height: TOP + ROW * rows.length + 4,
    left: LEFT,
    right: LEFT + BARS,
    ticks: ticks(end).map((instant) => ({ x: x(instant), label: `${instant} s` })),
    rows: placed,
  };
}

/** Return a duration in seconds as text: `0.04 s`, `12.3 s`. */
export function seconds(value) {
  return `${value < 1 ? value.toFixed(2) : value.toFixed(1)} s`;
}

/** Return at most `MAX_TICKS + 1` instants from 0 to the end, at a step of 1, 2 or 5 times a power of ten. */
export function ticks(end) {
  const power = 10 ** Math.floor(Math.log10(end / MAX_TICKS));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => end / each <= MAX_TICKS);
  // Without the rounding errors of the multiplication: 0.3, not 0.30000000000000004.
  return Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}
