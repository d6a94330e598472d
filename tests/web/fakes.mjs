/** Stand-ins for what Node.js has not: EventSource, ports with a history, timers that the test fires. */

export function fakeEventSources() {
  const made = [];
  class FakeEventSource extends EventTarget {
    constructor(url) {
      super();
      this.url = url;
      this.isClosed = false;
      made.push(this);
    }

    open() {
      this.dispatchEvent(new Event("open"));
    }

    fail() {
      this.dispatchEvent(new Event("error"));
    }

    send(name, data, lastEventId = "") {
      this.dispatchEvent(Object.assign(new Event(name), { data: JSON.stringify(data), lastEventId }));
    }

    close() {
      this.isClosed = true;
    }
  }
  return { EventSource: FakeEventSource, made };
}

export class Timers {
  #next = 1;
  pending = new Map();

  set = (callback, delay) => {
    this.pending.set(this.#next, { callback, delay });
    return this.#next++;
  };

  clear = (timer) => this.pending.delete(timer);

  /** Fire the only timer, and return its delay. */
  fire({ repeats = false } = {}) {
    if (this.pending.size !== 1) throw new Error(`${this.pending.size} timers`);
    const [[timer, { callback, delay }]] = this.pending;
    if (!repeats) this.pending.delete(timer);
    callback();
    return delay;
  }
}

export class Port {
  sent = [];
  postMessage(message) {
    this.sent.push(structuredClone(message));
  }

  say(data) {
    this.onmessage({ data });
  }

  events() {
    return this.sent.filter(({ type }) => type === "events").flatMap(({ events }) => events);
  }
}

/** Web locks: exclusive, granted in the order of the requests. */
export class Locks {
  #queues = new Map();

  request(name, callback) {
    const before = this.#queues.get(name) ?? Promise.resolve();
    const done = before.then(callback);
    this.#queues.set(name, done);
    return done;
  }
}

export const settled = () => new Promise((resolve) => setImmediate(resolve));
