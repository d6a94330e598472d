/** prox itself: its version and process, this tab's stream, and its own lines. */
import { countSubscribers } from "../api.js";
import { duration, grouped } from "../format.js";
import { html } from "../lit.js";
import { LogList } from "../log_list.js";

const REFRESH = 5000;

export class SystemView {
  title = "System";
  #app;
  #list = null;
  #generation = -1;
  #subscribers = null;
  #timer;

  constructor(app) {
    this.#app = app;
    this.#timer = setInterval(() => document.hidden || this.#count(), REFRESH);
    this.#count();
  }

  close() {
    clearInterval(this.#timer);
    this.#list?.close();
  }

  template() {
    const { model } = this.#app;
    this.#ensureList();
    if (!model.status) return html`<p class="empty">Waiting for prox.</p>${this.#list.element}`;
    const { version, pid, uptime_seconds: uptime, config_file: file, project_dir: folder, receivedAt } = model.status;
    const seconds = uptime + (Date.now() - receivedAt) / 1000;
    const pairs = [
      ["Version", version],
      ["Pid", pid],
      ["Uptime", duration(seconds)],
      ["Configuration", file ?? "none"],
      ["Directory", folder],
      ["Address", location.origin],
      ["Instance", model.instance],
      ["Log streams of all clients", this.#subscribers ?? ""],
      ["Lines held here", grouped(model.store.length)],
      ["Lines dropped by the stream", grouped(model.dropped)],
    ];
    return html`
      <dl>${pairs.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
      <section aria-labelledby="lines">
        <h2 id="lines">Lines of prox</h2>
        <div class="log-frame low">${this.#list.element}</div>
      </section>
    `;
  }

  drawn() {
    this.#list.update();
  }

  async #count() {
    try {
      this.#subscribers = await countSubscribers();
    } catch {
      this.#subscribers = null;
    }
    this.#app.schedule();
  }

  #ensureList() {
    const { model, schedule } = this.#app;
    if (this.#list && this.#generation === model.generation) return;
    this.#list?.close();
    this.#generation = model.generation;
    this.#list = new LogList(model.store, { label: "Lines of prox", onChange: schedule });
    this.#list.select({ processes: new Set(["system"]) });
    this.#list.setLook({ ...this.#app.look, names: false });
  }
}
