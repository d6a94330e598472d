import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";

import { openStream } from "../../prox/web/shared_stream.js";
import { Locks, Port, Timers, fakeEventSources, settled } from "./fakes.mjs";

function setUp({ hasWorker = true, locks, throws = false } = {}) {
  const timers = new Timers();
  const scope = Object.assign(new EventTarget(), {
    setTimeout: timers.set,
    clearTimeout: timers.clear,
    navigator: { locks },
    crypto: globalThis.crypto,
  });
  const workers = [];
  if (hasWorker) {
    scope.SharedWorker = class {
      constructor(url, options) {
        if (throws) throw new Error("forbidden");
        this.url = url;
        this.options = options;
        this.port = Object.assign(new Port(), { close: () => (this.isClosed = true) });
        workers.push(this);
      }
    };
  }
  const direct = [];
  const connectDirectly = (options) => {
    direct.push(options);
    return { close: () => (options.isClosed = true) };
  };
  const states = [];
  const events = [];
  const stream = openStream({
    onState: (state) => states.push(state),
    onEvent: (name, data) => events.push([name, data]),
    scope,
    connectDirectly,
  });
  return { timers, scope, worker: workers[0], direct, states, events, stream };
}

test("without SharedWorker, or if it is forbidden, the tab connects directly", () => {
  for (const options of [{ hasWorker: false }, { throws: true }]) {
    const { direct, events, stream } = setUp(options);
    assert.equal(direct.length, 1);
    direct[0].onEvent("log", []);
    assert.deepEqual(events, [["log", []]]);
    stream.close();
    assert.ok(direct[0].isClosed);
  }
});

test("the worker's messages are passed on, and pings are answered", () => {
  const { worker, direct, states, events, stream, timers } = setUp();
  assert.ok(String(worker.url).endsWith("/stream_worker.js"));
  assert.equal(worker.options.type, "module");
  assert.deepEqual(worker.port.sent, [{ type: "hello", lock: undefined }]);
  worker.port.say({ type: "state", state: "connected" });
  worker.port.say({ type: "events", events: [["snapshot", {}], ["log", [1]]] });
  worker.port.say({ type: "ping" });
  assert.deepEqual(states, ["connected"]);
  assert.deepEqual(events, [["snapshot", {}], ["log", [1]]]);
  assert.deepEqual(worker.port.sent.at(-1), { type: "pong" });
  assert.equal(timers.pending.size, 0);
  stream.close();
  assert.deepEqual(worker.port.sent.at(-1), { type: "bye" });
  assert.ok(worker.isClosed);
  assert.deepEqual(direct, []);
});

test("a page that leaves says goodbye, and one that returns from the cache hello", () => {
  const { worker, scope } = setUp();
  scope.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
  scope.dispatchEvent(new Event("pagehide"));
  assert.deepEqual(worker.port.sent.at(-1), { type: "bye" });
  scope.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  assert.deepEqual(worker.port.sent.at(-1).type, "hello");
  assert.equal(worker.port.sent.length, 3);
});

test("hello is said once the lock is held, which ends with the stream", async () => {
  const locks = new Locks();
  const { worker, stream } = setUp({ locks });
  assert.deepEqual(worker.port.sent, []);
  await settled();
  const { type, lock } = worker.port.sent[0];
  assert.equal(type, "hello");
  assert.match(lock, /^prox-tab-[0-9a-f-]{36}$/);
  let isEnded = false;
  locks.request(lock, () => (isEnded = true));
  await settled();
  assert.ok(!isEnded);
  stream.close();
  await settled();
  assert.ok(isEnded);
});

test("a worker that fails or says nothing is replaced by a direct connection", () => {
  const failing = setUp();
  failing.worker.onerror();
  failing.worker.onerror();
  assert.equal(failing.direct.length, 1);
  assert.ok(failing.worker.isClosed);
  assert.equal(failing.timers.pending.size, 0);
  failing.stream.close();
  assert.ok(failing.direct[0].isClosed);
  const silent = setUp();
  assert.equal(silent.timers.fire(), 5000);
  assert.equal(silent.direct.length, 1);
});

test("the worker's script serves two tabs over one EventSource", async () => {
  const { EventSource, made } = fakeEventSources();
  globalThis.EventSource = EventSource;
  await import("../../prox/web/stream_worker.js");
  const tabs = [new MessageChannel(), new MessageChannel()];
  const received = tabs.map(({ port1 }) => {
    const messages = [];
    port1.on("message", (message) => messages.push(message));
    return messages;
  });
  for (const { port1, port2 } of tabs) {
    globalThis.onconnect({ ports: [port2] });
    port1.postMessage({ type: "hello" });
  }
  const until = async (condition) => {
    while (!condition()) await settled();
  };
  await until(() => received.every((messages) => messages.length));
  assert.equal(made.length, 1);
  made[0].open();
  made[0].send("log", [{ id: "1" }], "1");
  await until(() => received.every((messages) => messages.some(({ events }) => events?.length)));
  for (const { port1 } of tabs) port1.postMessage({ type: "bye" });
  await until(() => made[0].isClosed);
  for (const { port1 } of tabs) port1.close();
});
