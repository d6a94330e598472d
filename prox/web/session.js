/** The stream of a tab and the instance behind it: events in their order, after the instance is known. */
import { getWithInstance } from "./api.js";
import { openStream } from "./shared_stream.js";

/**
 * Keep a model up to date.
 * @param {import("./model.js").Model} model
 * @param {{onChange: () => void, open?: typeof openStream, ask?: typeof getWithInstance}} options
 *   `onChange`: called after each change
 * @returns {{close(): void}}
 */
export function follow(model, { onChange, open = openStream, ask = getWithInstance }) {
  /** Events that wait for the status, which a snapshot asks for; null if none is asked for. */
  let waiting = null;

  async function identify() {
    const events = (waiting = []);
    try {
      const { data, instance } = await ask("/status");
      model.identify(data, instance);
    } catch {
      // The instance has ended again; the next snapshot asks anew.
    }
    // A second snapshot meanwhile continues the same list.
    if (waiting !== events) return;
    waiting = null;
    for (const [name, data] of events) receive(name, data);
    onChange();
  }

  function receive(name, data) {
    if (waiting && name !== "snapshot") {
      waiting.push([name, data]);
      return;
    }
    if (name === "snapshot") {
      const before = waiting ?? [];
      waiting = null;
      for (const event of before) model.apply(...event);
      model.apply(name, data);
      identify();
    } else {
      model.apply(name, data);
    }
    onChange();
  }

  return open({
    onState: (state) => {
      model.connection = state;
      onChange();
    },
    onEvent: receive,
  });
}
