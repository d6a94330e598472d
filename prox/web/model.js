/** What a tab knows of the instance: the processes, lines, requests and usage that the stream has told. */
import { eventText } from "./states.js";
import { compareIds } from "./ids.js";
import { LineStore } from "./store.js";
import { UsageHistory } from "./usage_history.js";

const MAX_REQUESTS = 1000;

export class Model {
  /** @type {"connected"|"reconnecting"|"stopped"} */
  connection = "reconnecting";
  /** The response of `GET /status`; null before. */
  status = null;
  /** The id of the instance. */
  instance = null;
  /** Processes by name, in the order of prox.yaml; null before the first snapshot. */
  processes = null;
  store = new LineStore();
  usage = new UsageHistory();
  /** The number of lines that the stream has dropped. */
  dropped = 0;
  /** Incremented when `store` is replaced. */
  generation = 0;
  /** Requests by id, the oldest first. */
  #requests = new Map();
  #newestId = "";
  #clockOffset = 0;
  #isOtherInstance = false;

  /** Take in an event of the stream. */
  apply(name, data) {
    switch (name) {
      case "snapshot":
        this.processes = new Map(data.processes.map((each) => [each.name, each]));
        break;
      case "process":
        this.#applyProcess(data);
        break;
      case "log":
        this.#append(data);
        break;
      case "dropped":
        this.dropped += data.count;
        this.store.append([{ gap: data.count }]);
        break;
      case "request":
        this.addRequests(data);
        break;
      case "usage":
        this.#clockOffset = Date.parse(data.timestamp) - Date.now();
        this.usage.add([data]);
        break;
    }
  }

  /**
   * Take in who answers. Another instance than before is a row of the log.
   * @param {object} status the response of `GET /status`
   * @param {string|null} instance
   */
  identify(status, instance) {
    if (this.instance && instance && this.instance !== instance) {
      this.#requests.clear();
      this.#isOtherInstance = true;
      this.store.append([{ event: `prox was restarted (pid ${status.pid})`, process: "system" }]);
    }
    this.status = { ...status, receivedAt: Date.now() };
    this.instance = instance;
  }

  /** The processes in the order of prox.yaml; empty before the first snapshot. */
  get list() {
    return this.processes ? [...this.processes.values()] : [];
  }

  /** Recorded requests, the newest first. */
  get requests() {
    return [...this.#requests.values()].sort((a, b) => (a.timestamp < b.timestamp ? 1 : -1));
  }

  /** Take in requests in any order. A request that is done replaces the same one under way. */
  addRequests(requests) {
    for (const request of requests) {
      const known = this.#requests.get(request.id);
      if (!known || known.state === "active") this.#requests.set(request.id, request);
    }
    for (const id of this.#requests.keys()) {
      if (this.#requests.size <= MAX_REQUESTS) break;
      this.#requests.delete(id);
    }
  }

  /** Return how long a process has been running, in seconds; null if it is not. */
  uptime({ status, started_at: startedAt }) {
    if (!startedAt || !["running", "stopping"].includes(status)) return null;
    return Math.max(0, (Date.now() + this.#clockOffset - Date.parse(startedAt)) / 1000);
  }

  #applyProcess({ previous_status: before, ...process }) {
    this.processes?.set(process.name, process);
    const event = eventText({ previous_status: before, ...process });
    if (event) this.store.append([{ event, process: process.name, timestamp: new Date().toISOString() }]);
  }

  #append(records) {
    const [first] = records;
    if (!first) return;
    // Ids increase from one instance to the next, unless the clock was set back.
    if (this.#isOtherInstance && this.#newestId && compareIds(first.id, this.#newestId) <= 0) {
      this.store = new LineStore();
      this.store.append([{ event: "prox was restarted; earlier lines are not shown", process: "system" }]);
      this.#newestId = "";
      this.generation++;
    }
    this.#isOtherInstance = false;
    this.store.append(records);
    const last = records.at(-1).id;
    if (!this.#newestId || compareIds(last, this.#newestId) > 0) this.#newestId = last;
  }
}
