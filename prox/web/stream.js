/**
 * The event stream of the API, `GET /api/v1/stream`, with reconnection.
 *
 * Each reconnection is a new EventSource, which cannot set the header Last-Event-ID; the id is a parameter of the URL.
 */
export const STREAM_URL = "/api/v1/stream?logs=*&requests=1&usage=1&tail=10000";
export const STREAM_EVENTS = ["snapshot", "process", "shutdown", "log", "request", "usage", "dropped"];
const FIRST_DELAY = 500;
const LAST_DELAY = 5000;

/** @typedef {"connected"|"reconnecting"|"stopped"} ConnectionState `stopped`: lost after an announced shutdown */

/**
 * Connect, and stay connected until `close` is called; after a shutdown, too, as another instance may follow.
 * @param {{url?: string, onState: (state: ConnectionState) => void, onEvent: (name: string, data: any) => void,
 *   EventSource?: typeof EventSource, setTimeout?: Function, clearTimeout?: Function}} options
 *   `onState`: called with the first state and on each change; `onEvent`: called with the name and the decoded JSON
 * @returns {{state: ConnectionState, close(): void}}
 */
export function connect({
  url = STREAM_URL,
  onState,
  onEvent,
  EventSource = globalThis.EventSource,
  setTimeout = globalThis.setTimeout.bind(globalThis),
  clearTimeout = globalThis.clearTimeout.bind(globalThis),
}) {
  let source = null;
  let timer = null;
  let state = null;
  let delay = FIRST_DELAY;
  let lastEventId = "";
  let isShuttingDown = false;

  function become(next) {
    if (state === next) return;
    state = next;
    onState(next);
  }

  function open() {
    timer = null;
    const current = new EventSource(lastEventId ? withId(url, lastEventId) : url);
    source = current;
    current.addEventListener("open", () => {
      if (source !== current) return;
      isShuttingDown = false;
      become("connected");
    });
    current.addEventListener("error", () => {
      if (source !== current) return;
      // The browser's own reconnection has neither a backoff nor an end after some errors.
      current.close();
      source = null;
      become(isShuttingDown ? "stopped" : "reconnecting");
      timer = setTimeout(open, delay);
      delay = Math.min(2 * delay, LAST_DELAY);
    });
    for (const name of STREAM_EVENTS) {
      current.addEventListener(name, (event) => {
        if (source !== current) return;
        // Only an event shows that the connection works: a proxy may accept it, and close it at once.
        delay = FIRST_DELAY;
        if (event.lastEventId) lastEventId = event.lastEventId;
        if (name === "shutdown") isShuttingDown = true;
        onEvent(name, JSON.parse(event.data));
      });
    }
  }

  become("reconnecting");
  open();
  return {
    get state() {
      return state;
    },
    close() {
      clearTimeout(timer);
      source?.close();
      source = null;
    },
  };
}

function withId(url, id) {
  return `${url}${url.includes("?") ? "&" : "?"}last_event_id=${encodeURIComponent(id)}`;
}
