/** The lines of all or of chosen processes. */
import { get } from "../api.js";
import { copyText } from "../clipboard.js";
import { rowsToJson, rowsToMarkdown, rowsToText } from "../copy.js";
import { ErrorSteps } from "../error_steps.js";
import { compileFilter, compileFind } from "../filter.js";
import { clock, counted, grouped } from "../format.js";
import { html, nothing } from "../lit.js";
import { CopyMenu, levelChoice, processChoice, searchBox, toggle } from "../log_controls.js";
import { LogList } from "../log_list.js";
import { olderPath, oldestTimes, storeOf } from "../older_lines.js";
import { formatRoute } from "../router.js";

const SYSTEM = "system";
/** Typing pauses, in milliseconds, after which all lines are searched. */
const PAUSE = 120;
const NOTE_TIME = 4000;
const MAX_NAME = 16;

export class LogsView {
  title = "Logs";
  fills = true;
  #app;
  #list = null;
  /** The store that the list shows. */
  #store = null;
  /** Lines of the log files, shown in place of the live ones; null: the live ones. */
  #older = null;
  /** The processes for which the rows have their look. */
  #known = null;
  /** Names of the processes shown; null: all. */
  #processes = null;
  #levels = [];
  #filterText = "";
  #filter = compileFilter("");
  #findText = "";
  #find = compileFind("");
  /** The line to show once it has arrived; null without one. */
  #line = null;
  #timers = {};
  #note = "";
  #menu;
  #errors;

  constructor(app, route) {
    this.#app = app;
    const copy = (toText, what) => () => this.#copy(toText, what);
    this.#menu = new CopyMenu({
      items: [
        ["Copy", copy(rowsToText, "as text")],
        ["Copy as JSON", copy(rowsToJson, "as JSON")],
        ["Copy as Markdown", copy(rowsToMarkdown, "as Markdown")],
        ["Copy link to line", () => this.#copyLink()],
      ],
      onChange: app.schedule,
    });
    this.#errors = new ErrorSteps({ goTo: (step) => this.#list.goToError(step), onChange: app.schedule });
    this.#read(route);
  }

  /** Take in another address of this view. */
  routed(route) {
    this.#read(route);
    this.#select();
    return true;
  }

  close() {
    this.#list?.close();
    this.#errors.close();
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
  }

  template() {
    this.#ensureList();
    const { look } = this.#app;
    const list = this.#list;
    const names = this.#names();
    const step = html`<button type="button" aria-label="Previous hit" @click=${() => list.previous()}>↑</button
      ><button type="button" aria-label="Next hit" @click=${() => list.next()}>↓</button>`;
    return html`
      <div class="controls">
        ${processChoice({
          names,
          isShown: (name) => !this.#processes || this.#processes.has(name),
          onToggle: (name) => this.#toggle(name),
          onAll: () => this.#show(null),
          onNone: () => this.#show(new Set()),
        })}
        <div class="bar">
          ${searchBox({
            label: "Filter",
            value: this.#filterText,
            error: this.#filter.error,
            onInput: (text) => this.#filterChanged(text),
            onKey: (event) => event.key === "Escape" && this.#filterChanged(""),
          })}
          ${searchBox({
            label: "Find",
            value: this.#findText,
            status: list.findStatus,
            error: this.#find.error,
            onInput: (text) => this.#findChanged(text),
            onKey: (event) => this.#findKey(event),
            buttons: step,
          })}
          ${levelChoice(this.#levels, (levels) => this.#levelChanged(levels))}
        </div>
        <div class="bar">
          ${toggle("Follow", list.isFollowing, () => (list.isFollowing = !list.isFollowing))}
          ${toggle("Wrap", look.wraps, () => this.#lookChanged({ wraps: !look.wraps }))}
          ${toggle("Times", look.times, () => this.#lookChanged({ times: !look.times }))}
          ${toggle("Log files", this.#older !== null, () => this.#toggleOlder())} ${this.#menu.template()}
          ${this.#errors.template()}
          <span class="status" aria-live="polite">${this.#note || counted(list.length, "row")}</span>
        </div>
      </div>
      <div class="log-frame">
        ${list.element}
        ${list.unseen
          ? html`<button type="button" class="unseen" @click=${() => (list.isFollowing = true)}>
              ${grouped(list.unseen)} new ↓
            </button>`
          : nothing}
        ${list.length ? nothing : html`<p class="empty over">${this.#whyEmpty()}</p>`}
      </div>
    `;
  }

  drawn() {
    const before = [this.#list.length, this.#list.unseen, this.#list.findStatus].join();
    this.#list.update();
    if (this.#line && this.#list.showLine(this.#line)) {
      this.#line = null;
      this.#note = "";
    }
    // The numbers around the list are those of the next frame.
    if ([this.#list.length, this.#list.unseen, this.#list.findStatus].join() !== before) this.#app.schedule();
  }

  #read({ processes, filter, levels, line }) {
    this.#processes = processes.length ? new Set(processes) : null;
    this.#filterText = filter;
    this.#filter = compileFilter(filter);
    this.#levels = levels;
    this.#line = line;
    this.#note = line ? `line ${line} is not among those shown here` : "";
  }

  #ensureList() {
    const { model, schedule } = this.#app;
    const store = this.#older ?? model.store;
    if (this.#list && this.#store === store) {
      if (this.#known !== model.processes) this.#setLook();
      this.#known = model.processes;
      return;
    }
    this.#list?.close();
    this.#store = store;
    this.#list = new LogList(store, { label: "Logs", onChange: schedule });
    this.#select();
    this.#list.setFind(this.#find);
  }

  #select() {
    this.#errors.clear();
    const level = this.#levels.length ? new Set(this.#levels) : null;
    this.#list.select({ processes: this.#processes, filter: this.#filter, level });
    this.#setLook();
  }

  #setLook() {
    const shown = this.#processes ?? this.#names();
    const nameWidth = Math.min(MAX_NAME, [...shown].reduce((most, name) => Math.max(most, name.length), 0));
    this.#list.setLook({ ...this.#app.look, names: this.#processes?.size !== 1, nameWidth });
    this.#app.schedule();
  }

  #names() {
    const known = [...this.#app.model.list.map((each) => each.name), SYSTEM];
    // Names of the address that are no processes, such as removed ones.
    return [...new Set([...known, ...(this.#processes ?? [])])];
  }

  /** Show the lines of the log files that are older than the live ones, or the live ones again. */
  #toggleOlder() {
    if (this.#older) {
      this.#older = null;
      this.#app.schedule();
      return;
    }
    this.#app.act(async () => {
      const times = oldestTimes(this.#app.model.store, this.#processes);
      const { logs } = await get(olderPath(times, this.#processes));
      this.#older = storeOf(logs, times);
      this.#noteFor(this.#older.length ? "lines of the log files" : "the log files have no older lines");
    });
  }

  #toggle(name) {
    const shown = new Set(this.#processes ?? this.#names());
    if (!shown.delete(name)) shown.add(name);
    this.#show(this.#names().every((each) => shown.has(each)) ? null : shown);
  }

  #show(processes) {
    this.#processes = processes;
    this.#changed();
  }

  #levelChanged(levels) {
    this.#levels = levels;
    this.#changed();
  }

  #changed() {
    this.#note = "";
    this.#line = null;
    history.replaceState(null, "", this.#address());
    this.#select();
  }

  #address(line = null) {
    const processes = [...(this.#processes ?? [])];
    return formatRoute({ view: "logs", processes, filter: this.#filterText, levels: this.#levels, line });
  }

  #filterChanged(text) {
    this.#filterText = text;
    this.#later("filter", () => {
      this.#filter = compileFilter(text);
      this.#changed();
    });
  }

  #findChanged(text) {
    this.#findText = text;
    this.#later("find", () => this.#search());
  }

  #search() {
    this.#find = compileFind(this.#findText);
    const top = this.#list.setFind(this.#find);
    // The first hit from the top of the viewport on.
    if (!this.#find.isEmpty) this.#list.next((top ?? 0) - 1);
    this.#app.schedule();
  }

  #findKey(event) {
    if (event.key === "Escape") {
      this.#findText = "";
      this.#search();
    } else if (event.key === "Enter") {
      const isPending = this.#stop("find");
      if (isPending) this.#search();
      else if (event.shiftKey) this.#list.previous();
      else this.#list.next();
      event.preventDefault();
    }
  }

  /** Run after a pause in typing. */
  #later(name, run) {
    this.#stop(name);
    this.#timers[name] = setTimeout(() => {
      delete this.#timers[name];
      run();
    }, PAUSE);
    this.#app.schedule();
  }

  #stop(name) {
    const isPending = name in this.#timers;
    clearTimeout(this.#timers[name]);
    delete this.#timers[name];
    return isPending;
  }

  #lookChanged(change) {
    Object.assign(this.#app.look, change);
    this.#setLook();
  }

  #copy(toText, what) {
    const { rows } = this.#list;
    const options = { times: this.#app.look.times, names: this.#processes?.size !== 1, formatTime: clock };
    this.#app.act(async () => {
      await copyText(toText(rows, options));
      this.#noteFor(`copied ${counted(rows.length, "row")} ${what}`);
    });
  }

  #copyLink() {
    const { lineId } = this.#list;
    if (!lineId) return;
    const { origin, pathname } = location;
    this.#app.act(async () => {
      await copyText(`${origin}${pathname}${this.#address(lineId)}`);
      this.#noteFor("copied the link to the line");
    });
  }

  #noteFor(text) {
    this.#note = text;
    clearTimeout(this.#timers.note);
    this.#timers.note = setTimeout(() => {
      this.#note = "";
      this.#app.schedule();
    }, NOTE_TIME);
    this.#app.schedule();
  }

  #whyEmpty() {
    if (this.#processes?.size === 0) return "No process is chosen.";
    if (!this.#filter.isEmpty || this.#levels.length) return "No line matches.";
    return "There are no lines yet.";
  }
}
