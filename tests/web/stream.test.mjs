import assert from "node:assert/strict";
import { test } from "node:test";

import { STREAM_URL, connect } from "../../prox/web/stream.js";
import { Timers, fakeEventSources } from "./fakes.mjs";

function setUp() {
  const { EventSource, made } = fakeEventSources();
  const timers = new Timers();
  const states = [];
  const events = [];
  const connection = connect({
    onState: (state) => states.push(state),
    onEvent: (name, data) => events.push([name, data]),
    EventSource,
    setTimeout: timers.set,
    clearTimeout: timers.clear,
  });
  return { made, timers, states, events, connection };
}

test("it passes on the events, decoded", () => {
  const { made, states, events, connection } = setUp();
  assert.equal(made[0].url, STREAM_URL);
  assert.equal(STREAM_URL, "/api/v1/stream?logs=*&requests=1&usage=1&tail=10000");
  assert.deepEqual(states, ["reconnecting"]);
  made[0].open();
  assert.deepEqual(states, ["reconnecting", "connected"]);
  assert.equal(connection.state, "connected");
  const sent = [
    ["snapshot", { status: "running", processes: [] }],
    ["process", { name: "web" }],
    ["log", [{ id: "1" }]],
    ["request", [{ id: "abc" }]],
    ["usage", { processes: {} }],
    ["dropped", { count: 5 }],
    ["shutdown", {}],
  ];
  for (const [name, data] of sent) made[0].send(name, data);
  made[0].send("other", {});
  assert.deepEqual(events, sent);
});

test("a lost connection is made again after the last event, with backoff", () => {
  const { made, timers, states } = setUp();
  made[0].open();
  made[0].send("log", [], "110000000000000001");
  made[0].send("log", [], "110000000000000002");
  made[0].fail();
  assert.ok(made[0].isClosed);
  assert.equal(states.at(-1), "reconnecting");
  const delays = [];
  for (let i = 1; i <= 6; i++) {
    delays.push(timers.fire());
    assert.equal(made[i].url, `${STREAM_URL}&last_event_id=110000000000000002`);
    made[i].fail();
  }
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 5000, 5000]);
  timers.fire();
  made[7].open();
  made[7].send("snapshot", {}, "110000000000000003");
  assert.equal(states.at(-1), "connected");
  made[7].fail();
  assert.equal(timers.fire(), 500, "an event resets the delay");
  assert.ok(made[8].url.endsWith("=110000000000000003"));
});

test("a connection that is accepted and lost at once does not reset the delay", () => {
  const { made, timers } = setUp();
  const delays = [];
  for (let i = 0; i < 3; i++) {
    made[i].open();
    made[i].fail();
    delays.push(timers.fire());
  }
  assert.deepEqual(delays, [500, 1000, 2000]);
});

test("after an announced shutdown it is stopped, until an instance answers again", () => {
  const { made, timers, states } = setUp();
  made[0].open();
  made[0].send("shutdown", {});
  assert.equal(states.at(-1), "connected");
  made[0].fail();
  assert.equal(states.at(-1), "stopped");
  timers.fire();
  made[1].fail();
  assert.deepEqual(states, ["reconnecting", "connected", "stopped"]);
  timers.fire();
  made[2].open();
  assert.equal(states.at(-1), "connected");
  made[2].fail();
  assert.equal(states.at(-1), "reconnecting", "this loss was not announced");
});

test("events of a closed connection are ignored", () => {
  const { made, timers, states, events, connection } = setUp();
  made[0].open();
  made[0].fail();
  made[0].send("log", []);
  made[0].fail();
  assert.equal(timers.pending.size, 1);
  connection.close();
  assert.equal(timers.pending.size, 0);
  assert.deepEqual(events, []);
  const other = setUp();
  other.connection.close();
  assert.ok(other.made[0].isClosed);
  other.made[0].open();
  other.made[0].fail();
  assert.equal(other.timers.pending.size, 0);
  assert.deepEqual([states.at(-1), other.states.at(-1)], ["reconnecting", "reconnecting"]);
});
