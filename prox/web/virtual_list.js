/**
 * The arithmetic of a virtual list: which rows of many are in the viewport, and where.
 *
 * The scrolled element holds a spacer of `height` and, `top` from its begin, the rows from `first` to `last`.
 * Browsers limit the height of elements (Firefox: 17.8 million px, Chromium: 33 million). Above `MAX_HEIGHT` the spacer
 * is lower than all rows together, and scroll positions are scaled.
 */
import { FixedHeights, MeasuredHeights } from "./heights.js";

export const MAX_HEIGHT = 10_000_000;

/** @typedef {{row: number, shift: number}} Anchor a row, and the distance of its top from that of the viewport */

export class VirtualList {
  #heights;

  /**
   * @param {{rowHeight: number, wraps?: boolean, count?: number, maxHeight?: number, overscan?: number}} options
   *   `rowHeight`: of a line that does not wrap; `overscan`: rows rendered above and below the viewport
   */
  constructor({ rowHeight, wraps = false, count = 0, maxHeight = MAX_HEIGHT, overscan = 10 }) {
    this.#heights = wraps ? new MeasuredHeights(rowHeight, count) : new FixedHeights(rowHeight, count);
    this.maxHeight = maxHeight;
    this.overscan = overscan;
  }

  /** The number of rows. */
  get count() {
    return this.#heights.count;
  }

  /** The height of the spacer. */
  get height() {
    return Math.min(this.#heights.total, this.maxHeight);
  }

  /** Add rows at the end. */
  append(count) {
    this.#heights.append(count);
  }

  /** Remove the first rows. `shifted` moves an anchor with them. */
  drop(count) {
    this.#heights.drop(count);
  }

  /** Set the height of a rendered row. Without wrapping, this does nothing. */
  measure(row, height) {
    this.#heights.measure(row, height);
  }

  /**
   * Return the rows to render: `first` to `last`, exclusive, the distance of the first row's top from the begin of
   * the spacer, and the height of the spacer.
   * @param {number} scrollTop
   * @param {number} viewport height of the viewport
   * @returns {{first: number, last: number, top: number, height: number}}
   */
  window(scrollTop, viewport) {
    const { count, height } = this;
    if (count === 0) return { first: 0, last: 0, top: 0, height };
    const position = this.#position(scrollTop, viewport);
    const first = Math.max(0, this.#heights.rowAt(position) - this.overscan);
    const last = Math.min(count, this.#heights.rowAt(position + viewport) + 1 + this.overscan);
    // The same place in the viewport as without scaling.
    const top = this.#clamp(scrollTop, viewport) + this.#heights.offsetOf(first) - position;
    return { first, last, top, height };
  }

  /**
   * Return what is at the top of the viewport.
   * @returns {Anchor}
   */
  anchor(scrollTop, viewport) {
    const position = this.#position(scrollTop, viewport);
    const row = this.#heights.rowAt(position);
    return { row, shift: this.#heights.offsetOf(row) - position };
  }

  /**
   * Return an anchor after the first `count` rows were dropped. If its own row was dropped, it is the first row's top.
   * @param {Anchor} anchor
   * @param {number} count
   * @returns {Anchor}
   */
  shifted(anchor, count) {
    return anchor.row < count ? { row: 0, shift: 0 } : { row: anchor.row - count, shift: anchor.shift };
  }

  /** Return the scroll position at which an anchor is in its place. */
  scrollTopFor({ row, shift }, viewport) {
    return this.#scrollTop(this.#heights.offsetOf(row) - shift, viewport);
  }

  /** Return the scroll position at which the last row is at the bottom of the viewport. */
  end(viewport) {
    return Math.max(0, this.height - viewport);
  }

  /** Return whether the last row is in the viewport; a fraction of a pixel below it does not count. */
  isAtEnd(scrollTop, viewport) {
    return scrollTop >= this.end(viewport) - 2;
  }

  /** Return the scroll position nearest to the present one at which a whole row is in the viewport. */
  scrollTopToShow(row, scrollTop, viewport) {
    const position = this.#position(scrollTop, viewport);
    const top = this.#heights.offsetOf(row);
    const bottom = top + this.#heights.heightOf(row);
    if (top < position || bottom - top > viewport) return this.#scrollTop(top, viewport);
    if (bottom > position + viewport) return this.#scrollTop(bottom - viewport, viewport);
    return scrollTop;
  }

  #clamp(scrollTop, viewport) {
    return Math.max(0, Math.min(scrollTop, this.end(viewport)));
  }

  /** Return the position in all rows that belongs to a scroll position. */
  #position(scrollTop, viewport) {
    return this.#clamp(scrollTop, viewport) * this.#scale(viewport);
  }

  #scrollTop(position, viewport) {
    return this.#clamp(position / this.#scale(viewport), viewport);
  }

  #scale(viewport) {
    const { total } = this.#heights;
    return total > this.maxHeight ? (total - viewport) / (this.maxHeight - viewport) : 1;
  }
}
