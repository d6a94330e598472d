/** CPU and memory of the processes over the last half hour, from `GET /usage` and the stream's `usage` events. */

const MAX_SAMPLES = 900;
/** A pause longer than this, in seconds, is a gap in the line: nobody watched. */
const MAX_PAUSE = 10;

export class UsageHistory {
  #samples = [];

  /** Take in samples in any order; those with the time of another one are ignored. */
  add(samples) {
    const last = this.#samples.at(-1)?.timestamp ?? "";
    // RFC 3339 in UTC with three decimals: the order of the texts is that of the times.
    if (samples.length === 1 && samples[0].timestamp > last) {
      this.#samples.push(samples[0]);
    } else {
      const byTime = new Map([...this.#samples, ...samples].map((each) => [each.timestamp, each]));
      this.#samples = [...byTime.values()].sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
    }
    if (this.#samples.length > MAX_SAMPLES) this.#samples.splice(0, this.#samples.length - MAX_SAMPLES);
  }

  /** The newest sample; undefined without samples. */
  get newest() {
    return this.#samples.at(-1);
  }

  /** Return the newest usage of a process; null without a sample. */
  latest(name) {
    return this.newest ? usageIn(this.newest, name) : null;
  }

  /**
   * Return the columns of a chart: times in seconds, CPU in percent and memory in MB.
   * @returns {[number[], (number|null)[], (number|null)[]]}
   */
  series(name) {
    const [times, cpu, memory] = [[], [], []];
    for (const sample of this.#samples) {
      const time = Date.parse(sample.timestamp) / 1000;
      if (times.length && time - times.at(-1) > MAX_PAUSE) {
        times.push(times.at(-1) + 1);
        cpu.push(null);
        memory.push(null);
      }
      const usage = usageIn(sample, name);
      times.push(time);
      cpu.push(usage?.cpu_percent ?? null);
      const bytes = usage?.memory_bytes ?? null;
      memory.push(bytes === null ? null : bytes / 1048576);
    }
    return [times, cpu, memory];
  }
}

/** Return the usage of a process; null if it did not run. A process may be named as a property of every object. */
function usageIn({ processes }, name) {
  return Object.hasOwn(processes, name) ? processes[name] : null;
}
