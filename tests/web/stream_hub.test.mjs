import assert from "node:assert/strict";
import { test } from "node:test";

import { RecentState } from "../../prox/web/recent_state.js";
import { StreamHub } from "../../prox/web/stream_hub.js";
import { Locks, Port, Timers, settled } from "./fakes.mjs";
import { record, records } from "./records.mjs";

function setUp({ locks } = {}) {
  const connections = [];
  const timers = new Timers();
  const clock = { now: 0 };
  const connect = ({ onState, onEvent }) => {
    const connection = {
      state: "reconnecting",
      isClosed: false,
      onEvent,
      become(state) {
        this.state = state;
        onState(state);
      },
      close() {
        this.isClosed = true;
      },
    };
    connections.push(connection);
    onState("reconnecting");
    return connection;
  };
  const hub = new StreamHub({
    connect,
    locks,
    now: () => clock.now,
    setInterval: timers.set,
    clearInterval: timers.clear,
  });
  const join = (lock) => {
    const port = new Port();
    hub.attach(port);
    port.say({ type: "hello", lock });
    return port;
  };
  return { hub, connections, timers, clock, join };
}

test("all tabs share one connection; a later one gets the recent state first", () => {
  const { hub, connections, join } = setUp();
  const first = join();
  assert.deepEqual(first.sent, [{ type: "state", state: "reconnecting" }]);
  connections[0].become("connected");
  connections[0].onEvent("snapshot", { status: "running", processes: [{ name: "web", status: "starting" }] });
  connections[0].onEvent("process", { name: "web", status: "running", previous_status: "starting" });
  connections[0].onEvent("log", records(0, 3));
  connections[0].onEvent("request", [{ id: "abc" }]);
  const second = join();
  assert.equal(connections.length, 1);
  assert.equal(hub.tabs, 2);
  assert.deepEqual(second.sent, [
    { type: "state", state: "connected" },
    {
      type: "events",
      events: [
        ["snapshot", { status: "running", processes: [{ name: "web", status: "running" }] }],
        ["log", records(0, 3)],
        ["request", [{ id: "abc" }]],
      ],
    },
  ]);
  connections[0].onEvent("log", [record(3)]);
  assert.deepEqual(second.events().at(-1), ["log", [record(3)]]);
  assert.deepEqual(first.events().at(-1), ["log", [record(3)]]);
  assert.equal(first.events().filter(([name]) => name === "log").length, 2);
});

test("the connection is closed when no tab is left, and made again for the next", () => {
  const { hub, connections, timers, join } = setUp();
  const first = join();
  const second = join();
  first.say({ type: "bye" });
  connections[0].onEvent("log", records(0, 1));
  assert.ok(!connections[0].isClosed);
  assert.deepEqual(first.events(), []);
  second.say({ type: "bye" });
  assert.ok(connections[0].isClosed);
  assert.equal(timers.pending.size, 0);
  assert.equal(hub.tabs, 0);
  const third = join();
  assert.equal(connections.length, 2);
  assert.deepEqual([...third.events(), ...join().events()], [], "the state of an earlier connection is not shown");
});

test("a tab that says hello again is sent the state again, over the same connection", () => {
  const { hub, connections, join } = setUp();
  const port = join();
  connections[0].onEvent("snapshot", { processes: [] });
  port.sent.length = 0;
  port.say({ type: "hello" });
  assert.deepEqual(port.events(), [["snapshot", { processes: [] }]]);
  assert.equal(connections.length, 1);
  assert.ok(!connections[0].isClosed);
  assert.equal(hub.tabs, 1);
});

test("a tab whose lock ends is forgotten; it is not pinged", async () => {
  const locks = new Locks();
  const { hub, connections, timers, clock, join } = setUp({ locks });
  let close;
  locks.request("tab-1", () => new Promise((resolve) => (close = resolve)));
  await settled();
  const port = join("tab-0");
  port.say({ type: "hello", lock: "tab-1" });
  await settled();
  assert.equal(hub.tabs, 1, "the end of the lock named before is not the tab's");
  clock.now = 1e9;
  timers.fire({ repeats: true });
  assert.equal(hub.tabs, 1);
  assert.ok(!port.sent.some(({ type }) => type === "ping"));
  close();
  await settled();
  assert.equal(hub.tabs, 0);
  assert.ok(connections[0].isClosed);
});

test("without locks, a tab that does not answer is forgotten, and comes back when it does", () => {
  const { hub, connections, timers, clock, join } = setUp();
  const silent = join();
  const alive = join();
  for (let i = 0; i < 12; i++) {
    clock.now += 15_000;
    timers.fire({ repeats: true });
    assert.deepEqual(alive.sent.at(-1), { type: "ping" });
    alive.say({ type: "pong" });
  }
  assert.equal(hub.tabs, 1);
  connections[0].onEvent("snapshot", { processes: [] });
  assert.deepEqual(silent.events(), []);
  silent.say({ type: "pong" });
  assert.equal(hub.tabs, 2);
  assert.deepEqual(silent.events(), [["snapshot", { processes: [] }]]);
});

test("the recent state is bounded and keeps gaps in their places", () => {
  const recent = new RecentState({ records: 10, requests: 3 });
  for (let n = 0; n < 100; n++) recent.apply("log", [record(n)]);
  recent.apply("dropped", { count: 7 });
  recent.apply("log", records(200, 203));
  recent.apply("request", ["a", "b", "c", "d"]);
  assert.deepEqual(recent.replay(), [
    ["log", records(94, 100)],
    ["dropped", { count: 7 }],
    ["log", records(200, 203)],
    ["request", ["b", "c", "d"]],
  ]);
});

test("the recent state has the newest usage, new processes, and a shutdown until the next snapshot", () => {
  const recent = new RecentState();
  recent.apply("process", { name: "early" });
  const snapshot = { status: "running", processes: [{ name: "a" }] };
  recent.apply("snapshot", snapshot);
  recent.apply("process", { name: "b", status: "running", previous_status: null });
  recent.apply("usage", { timestamp: "1" });
  recent.apply("usage", { timestamp: "2" });
  recent.apply("shutdown", {});
  const processes = [{ name: "a" }, { name: "b", status: "running" }];
  assert.deepEqual(recent.replay(), [
    ["snapshot", { status: "running", processes }],
    ["usage", { timestamp: "2" }],
    ["shutdown", {}],
  ]);
  assert.equal(snapshot.processes.length, 1, "what was passed on is not modified");
  recent.apply("snapshot", snapshot);
  assert.deepEqual(recent.replay().map(([name]) => name), ["snapshot", "usage"]);
});
