/** A line chart of one value over time, drawn by uPlot. */
import { clock } from "./format.js";
import uPlot from "./vendor/uplot/uPlot.js";

const HEIGHT = 160;
/** The shortest time shown, in seconds. */
const MIN_SPAN = 60;

export class Chart {
  #plot = null;
  #observer;
  #data = [[], []];
  #title;
  #colour;
  #values;

  /**
   * @param {{title: string, colour: string, format: (value: number) => string}} options
   *   `colour`: a custom property of the style sheet
   */
  constructor({ title, colour, format }) {
    this.#title = title;
    this.#colour = colour;
    this.#values = format;
    this.element = document.createElement("div");
    this.element.className = "chart";
    this.element.setAttribute("role", "img");
    this.#observer = new ResizeObserver(([entry]) => this.#resized(Math.floor(entry.contentRect.width)));
    this.#observer.observe(this.element);
    this.#scheme.addEventListener("change", this.#redraw);
  }

  #scheme = matchMedia("(prefers-color-scheme: dark)");
  #redraw = () => this.#plot?.redraw(false);

  /** Show times in seconds and values. */
  setData(times, values) {
    const last = values.findLast((value) => value !== null);
    const now = last === undefined ? "no samples" : `now ${this.#values(last)}`;
    this.element.setAttribute("aria-label", `${this.#title}: ${now}`);
    this.#data = [times, values];
    this.#plot?.setData(this.#data);
  }

  close() {
    this.#observer.disconnect();
    this.#scheme.removeEventListener("change", this.#redraw);
    this.#plot?.destroy();
  }

  #resized(width) {
    if (!width) return;
    if (this.#plot) this.#plot.setSize({ width, height: HEIGHT });
    else this.#plot = new uPlot(this.#options(width), this.#data, this.element);
  }

  #options(width) {
    const colour = (name) => () => getComputedStyle(this.element).getPropertyValue(name);
    const line = { stroke: colour("--line"), width: 1 };
    const axis = { stroke: colour("--muted"), grid: line, ticks: line };
    const times = (_, seconds) => seconds.map((each) => clock(each * 1000).slice(0, 8));
    return {
      width,
      height: HEIGHT,
      cursor: { drag: { x: false, y: false } },
      legend: { show: false },
      scales: {
        x: { range: (_, min, max) => [Math.min(min ?? 0, (max ?? 0) - MIN_SPAN), max ?? 0] },
        y: { range: (_, min, max) => [0, Math.max(1, (max ?? 0) * 1.1)] },
      },
      axes: [
        { ...axis, space: 90, values: times },
        { ...axis, size: 64, values: (_, values) => values.map(this.#values) },
      ],
      series: [{}, { stroke: colour(this.#colour), width: 1.5, spanGaps: false, points: { show: false } }],
    };
  }
}
