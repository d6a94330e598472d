/** The event stream in a tab: through the SharedWorker of the browser or, where there is none, its own connection. */
import { connect } from "./stream.js";

/** The longest wait for the worker's first message: a broken worker does not always report an error. */
const WORKER_TIMEOUT = 5000;

/**
 * Receive the stream's events, at first those that lead to the present state. After a tab was frozen, they may come
 * again: records and requests have ids.
 * @param {{onState: (state: string) => void, onEvent: (name: string, data: any) => void, scope?: typeof globalThis,
 *   connectDirectly?: typeof connect}} options `scope`: where SharedWorker, navigator and events of the page are
 * @returns {{close(): void}}
 */
export function openStream({ onState, onEvent, scope = globalThis, connectDirectly = connect }) {
  const { SharedWorker } = scope;
  if (!SharedWorker) return connectDirectly({ onState, onEvent });
  let direct = null;
  let isClosed = false;
  let worker;
  try {
    worker = new SharedWorker(new URL("./stream_worker.js", import.meta.url), { type: "module", name: "prox" });
  } catch {
    // Forbidden by the browser's settings.
    return connectDirectly({ onState, onEvent });
  }
  const { port } = worker;
  const lock = lockOf(scope);
  const hello = () => port.postMessage({ type: "hello", lock: lock?.name });
  const bye = () => port.postMessage({ type: "bye" });
  const returned = (event) => event.persisted && hello();
  const timer = scope.setTimeout(fallBack, WORKER_TIMEOUT);

  function detach() {
    scope.clearTimeout(timer);
    scope.removeEventListener?.("pagehide", bye);
    scope.removeEventListener?.("pageshow", returned);
    port.onmessage = null;
    bye();
    port.close();
    lock?.release();
  }

  function fallBack() {
    if (direct || isClosed) return;
    detach();
    direct = connectDirectly({ onState, onEvent });
  }

  worker.onerror = fallBack;
  port.onmessage = ({ data }) => {
    scope.clearTimeout(timer);
    if (data.type === "ping") port.postMessage({ type: "pong" });
    else if (data.type === "state") onState(data.state);
    else if (data.type === "events") for (const [name, value] of data.events) onEvent(name, value);
  };
  scope.addEventListener?.("pagehide", bye);
  scope.addEventListener?.("pageshow", returned);
  if (lock) lock.held.then(() => direct || isClosed || hello());
  else hello();
  return {
    close() {
      isClosed = true;
      if (direct) direct.close();
      else detach();
    },
  };
}

/** Take a lock that ends with the tab; null where there are none, as on a page that is not a secure context. */
function lockOf({ navigator, crypto }) {
  if (!navigator?.locks || !crypto?.randomUUID) return null;
  const name = `prox-tab-${crypto.randomUUID()}`;
  let release;
  const released = new Promise((resolve) => (release = resolve));
  const held = new Promise((resolve) => {
    navigator.locks.request(name, () => {
      resolve();
      return released;
    });
  });
  return { name, held, release };
}
