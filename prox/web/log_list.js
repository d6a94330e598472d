/**
 * The element with role `log`: a virtual list whose DOM holds only the rows in and around the viewport.
 *
 * `update` runs once per animation frame: it first takes in the store's changes, then writes, and reads the layout at
 * most once, for the heights of wrapped rows.
 */
import { compileFind } from "./filter.js";
import { commandOf } from "./log_keys.js";
import { LogViewport } from "./log_viewport.js";
import { LogView } from "./view.js";
import { VirtualList } from "./virtual_list.js";

const ROW_HEIGHT = 20;

export class LogList {
  #store;
  #view;
  #list;
  #find = compileFind("");
  #look = { times: true, names: true };
  #wraps = true;
  #viewport;
  #scrollTop = 0;
  #isFollowing = true;
  /** The store's end when following ended. */
  #seen = 0;
  /** The index of the line under the cursor; -1 without one. */
  #cursor = -1;
  /** A line to scroll to, by index, and the distance of its top from that of the viewport; null without one. */
  #target = null;
  /** The indices of unfolded lines, of all selections. */
  #unfolded = new Set();
  #isStale = false;
  #onChange;

  /**
   * @param {import("./store.js").LineStore} store
   * @param {{label: string, onChange: () => void}} options `onChange`: called when the user scrolls or moves the cursor
   */
  constructor(store, { label, onChange }) {
    this.#store = store;
    this.#onChange = onChange;
    this.#viewport = new LogViewport(label, {
      onScroll: (top) => this.#scrolled(top),
      onKey: (event) => this.#keyPressed(event),
      onClick: (index, target) => this.#clicked(index, target),
      onResize: (before) => this.#resized(before),
    });
    this.element = this.#viewport.element;
    this.select({});
  }

  /** Choose the rows: the options of LogView. What is at the top of the viewport stays, if it is still shown. */
  select(wanted) {
    const top = this.#topIndex();
    this.#view = new LogView(this.#store, { ...wanted, unfolded: this.#unfolded });
    this.#view.find(this.#find);
    this.#rebuild(top);
  }

  /** Choose how rows look; `nameWidth`: characters of the column with the names of processes. */
  setLook({ wraps, times, names, nameWidth = 0 }) {
    const top = this.#topIndex();
    this.#wraps = wraps;
    this.#look = { times, names };
    this.#viewport.setLook({ wraps, nameWidth });
    this.#rebuild(top);
  }

  /** Mark the hits of a pattern; `next` and `previous` move among them. */
  setFind(find) {
    const top = this.#topIndex();
    this.#find = find;
    this.#view.find(find);
    this.#forgetRows();
    return top;
  }

  /** Scroll to the next hit after a store index, by default after the current one. */
  next(from) {
    this.#goTo(this.#view.next(from));
  }

  previous() {
    this.#goTo(this.#view.previous());
  }

  /**
   * Scroll to the next (1) or previous (-1) error from the line under the cursor, or from the top of the viewport.
   * While the list follows, it begins at the end.
   * @returns {{number: number, count: number}|null} the number of the error and of all; null without errors
   */
  goToError(step) {
    let from = this.#store.end;
    if (!this.#isFollowing) {
      const top = this.#topIndex() ?? 0;
      from = this.#cursor >= this.#store.first ? this.#cursor : step > 0 ? top - 1 : top;
    }
    const found = this.#view.errors.step(from, step);
    if (found) this.#goTo(found.index);
    return found;
  }

  /** `3 of 812`; empty while nothing is searched. */
  get findStatus() {
    return this.#view.status;
  }

  /** Whether the list stays at the newest row. */
  get isFollowing() {
    return this.#isFollowing;
  }

  set isFollowing(isFollowing) {
    if (this.#isFollowing === isFollowing) return;
    this.#isFollowing = isFollowing;
    this.#seen = this.#store.end;
    this.#isStale = true;
    this.#onChange();
  }

  /** The number of rows that are new since following ended. */
  get unseen() {
    return this.#isFollowing ? 0 : Math.max(0, this.#view.length - this.#view.positionOf(this.#seen));
  }

  /** The number of rows shown. */
  get length() {
    return this.#view.length;
  }

  /** The rows shown and those folded below them, the oldest first. */
  get rows() {
    return this.#view.rows;
  }

  /** The id of the line under the cursor, of the current hit or at the top of the viewport; null without lines. */
  get lineId() {
    const found = [this.#cursor, this.#view.current, this.#topIndex() ?? -1];
    const index = found.find((each) => each >= 0 && this.#store.get(each)?.id !== undefined);
    return index === undefined ? null : this.#store.get(index).id;
  }

  /** Scroll to a line and put the cursor there; return whether it is shown. */
  showLine(id) {
    const index = this.#store.indexOfId(id);
    this.#reveal(index);
    if (index < 0 || this.#view.at(this.#view.positionOf(index)) !== index) return false;
    this.#goTo(index);
    return true;
  }

  /** Take in the store's changes and render. */
  update() {
    const { dropped, added, changed } = this.#view.update();
    if (!dropped && !added && !changed.length && !this.#isStale) return;
    this.#isStale = false;
    // Taken before rows are dropped, so that what is on the screen stays there.
    let anchor = this.#isFollowing ? null : this.#list.anchor(this.#scrollTop, this.#viewport.height);
    if (anchor) anchor = this.#list.shifted(anchor, dropped);
    this.#list.drop(dropped);
    if (this.#view.length === this.#list.count + added) this.#list.append(added);
    else this.#list = this.#newList();
    if (this.#target && this.#viewport.height) {
      const { index, shift = Math.round(this.#viewport.height / 3) } = this.#target;
      anchor = { row: this.#view.positionOf(index), shift };
      this.#target = null;
    }
    this.#render(anchor);
  }

  close() {
    this.#viewport.close();
  }

  #newList() {
    return new VirtualList({ rowHeight: ROW_HEIGHT, wraps: this.#isMeasured, count: this.#view.length });
  }

  /** Whether rows can have different heights: those that wrap, and those with fields. */
  get #isMeasured() {
    return this.#wraps || this.#unfolded.size > 0;
  }

  #rebuild(top) {
    this.#list = this.#newList();
    this.#forgetRows();
    if (this.#isFollowing || top === null) return;
    const row = Math.min(this.#view.positionOf(top), this.#view.length - 1);
    this.#scrollTop = this.#list.scrollTopFor({ row: Math.max(0, row), shift: 0 }, this.#viewport.height);
  }

  #forgetRows() {
    this.#viewport.forget();
    this.#isStale = true;
  }

  /** Return the store index of the first row that begins in the viewport; null without rows. */
  #topIndex() {
    if (!this.#list?.count || !this.#viewport.height) return null;
    const { row, shift } = this.#list.anchor(this.#scrollTop, this.#viewport.height);
    return this.#view.at(shift < 0 ? row + 1 : row) ?? this.#view.at(row) ?? null;
  }

  #render(anchor) {
    if (!this.#viewport.height) return;
    this.#place(anchor);
    this.#renderRows();
    if (this.#isMeasured && this.#measure()) {
      this.#place(anchor);
      // Heights were estimated: other rows may be in the viewport now.
      this.#renderRows();
      if (this.#measure()) this.#isStale = true;
      this.#onChange();
    }
    this.#viewport.scrollTo(this.#scrollTop);
  }

  #place(anchor) {
    const list = this.#list;
    if (this.#isFollowing) this.#scrollTop = list.end(this.#viewport.height);
    else if (anchor) this.#scrollTop = list.scrollTopFor(anchor, this.#viewport.height);
  }

  #renderRows() {
    const { first, last, ...place } = this.#list.window(this.#scrollTop, this.#viewport.height);
    const indices = [];
    for (let position = first; position < last; position++) indices.push(this.#view.at(position));
    const { current } = this.#view;
    const look = { ...this.#look, find: this.#find };
    const source = { rowOf: (index) => this.#store.get(index), stateOf: (index) => this.#view.stateOf(index) };
    this.#viewport.show(place, indices, source, look, { hit: current, cursor: this.#cursor });
  }

  /** Measure the rendered rows; return whether a height differs. */
  #measure() {
    const before = this.#list.height;
    for (const [index, height] of this.#viewport.heights()) this.#list.measure(this.#view.positionOf(index), height);
    return this.#list.height !== before;
  }

  #goTo(index) {
    if (index < 0) {
      this.#onChange();
      return;
    }
    this.#reveal(index);
    this.isFollowing = false;
    this.#cursor = index;
    this.#target = { index };
    this.#isStale = true;
    this.#onChange();
  }

  /** Unfold the stack trace that hides a line. */
  #reveal(index) {
    if (this.#view.reveal(index)) this.#list = this.#newList();
  }

  /** Unfold a row, or fold it again. What is above it in the viewport stays. */
  #toggle(index) {
    const { row, shift } = this.#list.anchor(this.#scrollTop, this.#viewport.height);
    const top = this.#view.at(row);
    const toggled = this.#view.toggle(index);
    if (toggled < 0) return;
    this.#cursor = toggled;
    this.isFollowing = false;
    this.#target = toggled < top ? { index: toggled, shift: 0 } : { index: top, shift };
    this.#list = this.#newList();
    this.#isStale = true;
    this.#onChange();
  }

  #scrolled(top) {
    if (Math.abs(top - this.#scrollTop) < 1) return;
    const isUp = top < this.#scrollTop;
    this.#scrollTop = top;
    this.#isStale = true;
    if (isUp !== this.#list.isAtEnd(top, this.#viewport.height)) this.isFollowing = !isUp;
    this.#onChange();
  }

  #resized({ width }) {
    if (width !== this.#viewport.width && this.#wraps) this.#rebuild(this.#topIndex());
    this.#isStale = true;
    this.#onChange();
  }

  #keyPressed(event) {
    const command = commandOf(event, event.target === this.element);
    if (!command || (command.name === "toggle" && this.#cursor < 0)) return;
    event.preventDefault();
    if (command.name === "move") this.#moveCursor(command.step);
    else if (command.name === "page") this.#page(command.step);
    else if (command.name === "toggle") this.#toggle(this.#cursor);
    else this.#goToEnd(command.name === "end");
    this.#isStale = true;
    this.#onChange();
  }

  #goToEnd(isNewest) {
    this.isFollowing = isNewest;
    if (!isNewest) this.#scrollTop = 0;
    this.#cursor = -1;
  }

  /** Scroll by viewports, of which one row stays. */
  #page(step) {
    const { height } = this.#viewport;
    const top = this.#scrollTop + step * Math.max(ROW_HEIGHT, height - ROW_HEIGHT);
    this.#scrolled(Math.max(0, Math.min(top, this.#list.end(height))));
  }

  #moveCursor(step) {
    const { length } = this.#view;
    if (!length) return;
    const start = this.#isFollowing ? length : this.#view.positionOf(this.#topIndex() ?? 0) - step;
    const from = this.#cursor < 0 ? start : this.#view.positionOf(this.#cursor);
    const row = Math.max(0, Math.min(length - 1, from + step));
    this.#cursor = this.#view.at(row);
    if (this.#isFollowing && row === length - 1) return;
    this.isFollowing = false;
    this.#scrollTop = this.#list.scrollTopToShow(row, this.#scrollTop, this.#viewport.height);
  }

  #clicked(index, target) {
    if (target.closest(".fold")) {
      this.#toggle(index);
    } else if (!getSelection()?.toString()) {
      this.#cursor = index;
      this.#isStale = true;
      this.#onChange();
    }
  }
}
