/**
 * Row heights of a virtual list, in CSS pixels: one for all rows, or one for each. Both classes have the same methods.
 * Counterpart: virtual_list.js.
 */

/** Rows of one height: lines that do not wrap. */
export class FixedHeights {
  /** @param {number} height */
  constructor(height, count = 0) {
    this.height = height;
    this.count = count;
  }

  get total() {
    return this.count * this.height;
  }

  append(count) {
    this.count += count;
  }

  drop(count) {
    this.count = Math.max(0, this.count - count);
  }

  /** Return the distance of a row's top from that of the first row. */
  offsetOf(row) {
    return row * this.height;
  }

  heightOf() {
    return this.height;
  }

  /** Return the row at a distance from the top: the first or the last one if there is none. */
  rowAt(offset) {
    return Math.max(0, Math.min(this.count - 1, Math.floor(offset / this.height)));
  }

  measure() {
    return 0;
  }
}

/** Rows whose heights are estimated until they are measured: lines that wrap. All operations are logarithmic. */
export class MeasuredHeights {
  #heights = new Float64Array(1024);
  /** A Fenwick tree: the element i, from 1, is the sum of the heights of the `i & -i` slots that end at slot i. */
  #tree = new Float64Array(1025);
  /** The slot of row 0. The slots before it are those of dropped rows. */
  #head = 0;
  #end = 0;

  /** @param {number} estimate height of rows that were not measured */
  constructor(estimate, count = 0) {
    this.estimate = estimate;
    this.append(count);
  }

  get count() {
    return this.#end - this.#head;
  }

  get total() {
    return this.#sum(this.#end) - this.#sum(this.#head);
  }

  append(count) {
    if (this.#end + count > this.#heights.length) this.#move(Math.max(1024, 2 * (this.count + count)));
    for (let i = 0; i < count; i++) {
      this.#heights[this.#end] = this.estimate;
      const slot = ++this.#end;
      let sum = this.estimate;
      const begin = slot - (slot & -slot);
      for (let child = slot - 1; child > begin; child -= child & -child) sum += this.#tree[child];
      this.#tree[slot] = sum;
    }
  }

  drop(count) {
    this.#head += Math.min(count, this.count);
  }

  offsetOf(row) {
    return this.#sum(this.#head + row) - this.#sum(this.#head);
  }

  heightOf(row) {
    return this.#heights[this.#head + row];
  }

  rowAt(offset) {
    let rest = this.#sum(this.#head) + Math.max(0, offset);
    let slot = 0;
    for (let step = 2 ** Math.floor(Math.log2(Math.max(1, this.#end))); step >= 1; step /= 2) {
      if (slot + step <= this.#end && this.#tree[slot + step] <= rest) {
        slot += step;
        rest -= this.#tree[slot];
      }
    }
    return Math.max(0, Math.min(this.count - 1, slot - this.#head));
  }

  /** Set the height of a row; return the difference to its height before. */
  measure(row, height) {
    const slot = this.#head + row;
    if (slot < this.#head || slot >= this.#end) return 0;
    const difference = height - this.#heights[slot];
    if (difference) {
      this.#heights[slot] = height;
      for (let i = slot + 1; i <= this.#end; i += i & -i) this.#tree[i] += difference;
    }
    return difference;
  }

  #sum(slots) {
    let sum = 0;
    for (let i = slots; i > 0; i -= i & -i) sum += this.#tree[i];
    return sum;
  }

  /** Move the rows to new arrays, without the slots of dropped rows. */
  #move(capacity) {
    const heights = new Float64Array(capacity);
    heights.set(this.#heights.subarray(this.#head, this.#end));
    const count = this.count;
    const tree = new Float64Array(capacity + 1);
    for (let i = 1; i <= count; i++) {
      tree[i] += heights[i - 1];
      const parent = i + (i & -i);
      if (parent <= count) tree[parent] += tree[i];
    }
    [this.#heights, this.#tree, this.#head, this.#end] = [heights, tree, 0, count];
  }
}
