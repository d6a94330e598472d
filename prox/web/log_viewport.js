/** The elements of a log: the scrolled one with role `log`, and in it a spacer as high as all rows together. */
import { RowPool } from "./row_pool.js";

export class LogViewport {
  width = 0;
  height = 0;
  #spacer = document.createElement("div");
  #pool = new RowPool();
  /** The scroll position of the element: reading it would force a layout. */
  #scrollTop = 0;
  #observer;

  /**
   * @param {string} label
   * @param {{onScroll: (top: number) => void, onKey: (event: KeyboardEvent) => void,
   *   onClick: (index: number, target: Element) => void,
   *   onResize: (before: {width: number, height: number}) => void}} handlers
   *   `onScroll`: the user scrolls; `onClick`: a row was clicked
   */
  constructor(label, { onScroll, onKey, onClick, onResize }) {
    const element = (this.element = document.createElement("div"));
    element.className = "log";
    const attributes = { role: "log", "aria-label": label, "aria-live": "off", tabindex: "0" };
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    this.#spacer.className = "log-spacer";
    this.#spacer.append(this.#pool.element);
    element.append(this.#spacer);
    element.addEventListener("scroll", () => this.#scrolled(onScroll), { passive: true });
    element.addEventListener("keydown", onKey);
    element.addEventListener("click", ({ target }) => {
      const index = this.#pool.indexOf(target.closest(".row"));
      if (index >= 0) onClick(index, target);
    });
    this.#observer = new ResizeObserver(([{ contentRect }]) => {
      const before = { width: this.width, height: this.height };
      if (contentRect.width === before.width && contentRect.height === before.height) return;
      [this.width, this.height] = [contentRect.width, contentRect.height];
      onResize(before);
    });
    this.#observer.observe(element);
  }

  close() {
    this.#observer.disconnect();
  }

  /** Choose whether lines wrap, and the characters of the column with the names of processes. */
  setLook({ wraps, nameWidth }) {
    this.element.classList.toggle("wraps", wraps);
    this.element.style.setProperty("--name-width", nameWidth);
  }

  /**
   * Show rows in a part of the list: the arguments of `RowPool.show`.
   * @param {{top: number, height: number}} place the top of the first row, and the height of all rows
   */
  show({ top, height }, ...rows) {
    this.#spacer.style.height = `${height}px`;
    this.#pool.element.style.transform = `translateY(${top}px)`;
    this.#pool.show(...rows);
  }

  /** Return the index and the height of each row in the page. */
  heights() {
    return this.#pool.heights();
  }

  /** Fill all rows anew when they are shown next. */
  forget() {
    this.#pool.forget();
  }

  scrollTo(top) {
    if (Math.abs(this.#scrollTop - top) < 0.5) return;
    this.#scrollTop = top;
    this.element.scrollTop = top;
  }

  #scrolled(onScroll) {
    const top = this.element.scrollTop;
    // The event of a scroll of our own, which may come after a key that has begun another one.
    if (Math.abs(top - this.#scrollTop) < 1) return;
    this.#scrollTop = top;
    onScroll(top);
  }
}
