/** The newest state that a stream has told, for tabs that join later. */

/** The state is bounded by the numbers of records and requests. */
export class RecentState {
  #snapshot = null;
  #shutdown = null;
  #usage = null;
  /** Log records, and `{gap: N}` in the place of dropped ones. */
  #records = [];
  #requests = [];

  constructor({ records = 10_000, requests = 300 } = {}) {
    this.maxRecords = records;
    this.maxRequests = requests;
  }

  /** Take in an event of the stream. */
  apply(name, data) {
    switch (name) {
      case "snapshot":
        this.#snapshot = data;
        this.#shutdown = null;
        break;
      case "process":
        this.#applyProcess(data);
        break;
      case "shutdown":
        this.#shutdown = data;
        break;
      case "usage":
        this.#usage = data;
        break;
      case "log":
        this.#records = newest(this.#records, data, this.maxRecords);
        break;
      case "dropped":
        this.#records = newest(this.#records, [{ gap: data.count }], this.maxRecords);
        break;
      case "request":
        this.#requests = newest(this.#requests, data, this.maxRequests);
        break;
    }
  }

  /**
   * Return events that lead to this state.
   * @returns {[string, any][]}
   */
  replay() {
    const events = [];
    if (this.#snapshot) events.push(["snapshot", this.#snapshot]);
    let records = [];
    const flush = () => {
      if (records.length) events.push(["log", records]);
      records = [];
    };
    for (const record of this.#records.slice(-this.maxRecords)) {
      if (record.gap === undefined) {
        records.push(record);
      } else {
        flush();
        events.push(["dropped", { count: record.gap }]);
      }
    }
    flush();
    const requests = this.#requests.slice(-this.maxRequests);
    if (requests.length) events.push(["request", requests]);
    if (this.#usage) events.push(["usage", this.#usage]);
    if (this.#shutdown) events.push(["shutdown", this.#shutdown]);
    return events;
  }

  #applyProcess(change) {
    if (!this.#snapshot) return;
    const { previous_status: _, ...process } = change;
    const processes = [...this.#snapshot.processes];
    const position = processes.findIndex((each) => each.name === process.name);
    if (position < 0) processes.push(process);
    else processes[position] = process;
    this.#snapshot = { ...this.#snapshot, processes };
  }
}

/** Return a list with more items; of one longer than twice the limit, the newest `limit` items. */
function newest(list, more, limit) {
  for (const item of more) list.push(item);
  return list.length > 2 * limit ? list.slice(-limit) : list;
}
