/**
 * One connection for all tabs of a browser. Runs in stream_worker.js; counterpart in a tab: shared_stream.js.
 *
 * A tab sends `{type: "hello", lock}`, `{type: "pong"}` and `{type: "bye"}`. It receives `{type: "state", state}`,
 * `{type: "events", events}`, with names and data, and `{type: "ping"}`. A port does not tell when its tab is gone.
 * Where there are locks, the tab holds one, and the hub waits for it; otherwise the hub forgets tabs that do not answer
 * pings.
 */
import { RecentState } from "./recent_state.js";

const PING_INTERVAL = 15_000;
/** Browsers may slow down tabs in the background to one task a minute. */
const SILENCE = 150_000;

export class StreamHub {
  #connect;
  #locks;
  #now;
  #setInterval;
  #clearInterval;
  #connection = null;
  #recent = new RecentState();
  /** Tabs by port: when each was last heard, and whether its lock tells its end. */
  #tabs = new Map();
  #timer = null;

  /**
   * @param {{connect: typeof import("./stream.js").connect, locks?: LockManager, now?: () => number,
   *   setInterval?: Function, clearInterval?: Function}} options
   */
  constructor({
    connect,
    locks,
    now = Date.now,
    setInterval = globalThis.setInterval.bind(globalThis),
    clearInterval = globalThis.clearInterval.bind(globalThis),
  }) {
    this.#connect = connect;
    this.#locks = locks;
    this.#now = now;
    this.#setInterval = setInterval;
    this.#clearInterval = clearInterval;
  }

  /** The number of tabs. */
  get tabs() {
    return this.#tabs.size;
  }

  /** Handle the messages of a port. It is a tab once it says hello. */
  attach(port) {
    port.onmessage = ({ data }) => this.#receive(port, data);
  }

  #receive(port, { type, lock }) {
    if (type === "bye") {
      this.#forget(port);
    } else if (type === "hello") {
      this.#forget(port, { keepConnection: true });
      this.#add(port, lock);
    } else if (type === "pong") {
      const tab = this.#tabs.get(port);
      // A frozen tab that was forgotten, and lives again.
      if (tab) tab.heard = this.#now();
      else this.#add(port);
    }
  }

  #add(port, lock) {
    const tab = { heard: this.#now(), hasLock: Boolean(lock && this.#locks) };
    this.#tabs.set(port, tab);
    if (tab.hasLock) {
      // Granted when the tab's own lock ends, with the tab.
      this.#locks.request(lock, () => {
        if (this.#tabs.get(port) === tab) this.#forget(port);
      });
    }
    this.#timer ??= this.#setInterval(() => this.#ping(), PING_INTERVAL);
    if (this.#connection) {
      port.postMessage({ type: "state", state: this.#connection.state });
      port.postMessage({ type: "events", events: this.#recent.replay() });
      return;
    }
    // What is sent while it is being made goes to this tab, too.
    this.#recent = new RecentState();
    this.#connection = { state: "reconnecting", close() {} };
    this.#connection = this.#connect({
      onState: (state) => this.#send({ type: "state", state }),
      onEvent: (name, data) => {
        this.#recent.apply(name, data);
        this.#send({ type: "events", events: [[name, data]] });
      },
    });
  }

  #forget(port, { keepConnection = false } = {}) {
    this.#tabs.delete(port);
    if (this.#tabs.size || keepConnection || !this.#connection) return;
    this.#connection.close();
    this.#connection = null;
    this.#clearInterval(this.#timer);
    this.#timer = null;
  }

  #ping() {
    for (const [port, tab] of this.#tabs) {
      if (tab.hasLock) continue;
      if (this.#now() - tab.heard > SILENCE) this.#forget(port);
      port.postMessage({ type: "ping" });
    }
  }

  #send(message) {
    for (const port of this.#tabs.keys()) port.postMessage(message);
  }
}
