/** An ascending list of store indices, from whose begin many can be dropped cheaply. */
export class IndexList {
  #items = [];
  #head = 0;

  get length() {
    return this.#items.length - this.#head;
  }

  /** @param {number} position from 0 to `length - 1` */
  at(position) {
    return position < 0 ? undefined : this.#items[this.#head + position];
  }

  /** Append an index larger than all others. */
  push(index) {
    this.#items.push(index);
  }

  /** Return the position of the first index that is not smaller. */
  lowerBound(index) {
    let low = this.#head;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#items[middle] < index) low = middle + 1;
      else high = middle;
    }
    return low - this.#head;
  }

  has(index) {
    return this.at(this.lowerBound(index)) === index;
  }

  /** Add or remove an index anywhere; return whether that changed the list. */
  set(index, isHeld) {
    const position = this.lowerBound(index);
    if ((this.at(position) === index) === isHeld) return false;
    if (isHeld) this.#items.splice(this.#head + position, 0, index);
    else this.#items.splice(this.#head + position, 1);
    return true;
  }

  /** Add or remove several ascending indices, in a time that grows with the indices after the first of them. */
  setAll(indices, isHeld) {
    if (!indices.length) return;
    const rest = this.#items.splice(this.#head + this.lowerBound(indices[0]));
    const given = new Set(indices);
    let next = 0;
    for (const index of rest) {
      for (; isHeld && indices[next] < index; next++) this.#items.push(indices[next]);
      if (!given.has(index)) this.#items.push(index);
    }
    for (; isHeld && next < indices.length; next++) this.#items.push(indices[next]);
  }

  /** Drop all indices below `first`; return their number. */
  dropBelow(first) {
    const count = this.lowerBound(first);
    this.#head += count;
    if (this.#head > this.#items.length >>> 1) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return count;
  }
}
