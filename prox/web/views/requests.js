/** The requests that the proxy has recorded, the newest first. */
import { get } from "../api.js";
import { clock, counted, milliseconds } from "../format.js";
import { html, nothing, repeat } from "../lit.js";
import { searchBox } from "../log_controls.js";
import { compileRequestFilter, statusClass, statusText } from "../request_filter.js";
import { formatRoute } from "../router.js";

const SHOWN = 300;
const COLUMNS = ["Time", "Method", "Status", "Service", "URL", "Duration"];

export class RequestsView {
  title = "Requests";
  #app;
  #text = "";
  #passes = compileRequestFilter("");
  #error = null;

  constructor(app) {
    this.#app = app;
    this.#load();
  }

  template() {
    if (this.#error?.code === "PROXY_NOT_ENABLED") return withoutProxy();
    const all = this.#app.model.requests;
    const found = all.filter(this.#passes);
    const status = this.#text ? `${found.length} of ${all.length}` : counted(all.length, "request");
    return html`
      <div class="bar">
        ${searchBox({ label: "Filter", value: this.#text, status, onInput: (text) => this.#filter(text) })}
        <a href="/api/v1/proxy/requests.har" download="requests.har">HTTP Archive (HAR)</a>
      </div>
      <p class="hint">
        Words that must all match, such as <code>status:5xx</code>, <code>method:POST</code>, <code>service:api</code>,
        a part of the URL, or <code>!word</code>.
      </p>
      ${this.#error ? html`<p class="empty">${this.#error.message}</p>` : nothing}
      <div class="scroll">
        <table class="stacked" aria-label="Requests">
          <thead>
            <tr>
              ${COLUMNS.map((name) => html`<th scope="col" class=${name === "Duration" ? "number" : ""}>${name}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${repeat(found.slice(0, SHOWN), (request) => request.id, row)}
          </tbody>
        </table>
      </div>
      ${all.length ? nothing : html`<p class="empty">No request has come through the proxy yet.</p>`}
      ${found.length > SHOWN ? html`<p class="hint">The newest ${SHOWN} of ${found.length} are shown.</p>` : nothing}
    `;
  }

  #filter(text) {
    this.#text = text;
    this.#passes = compileRequestFilter(text);
    this.#app.schedule();
  }

  async #load() {
    try {
      this.#app.model.addRequests((await get("/proxy/requests?limit=1000")).requests.toReversed());
    } catch (error) {
      this.#error = error;
    }
    this.#app.schedule();
  }
}

function row(request) {
  const { id, timestamp, method, host, url, duration_ms: duration, state } = request;
  return html`<tr>
    <td><time>${clock(timestamp)}</time></td>
    <td>${method}</td>
    <td class=${statusClass(request)}>${statusText(request)}</td>
    <td>${request.service ?? ""}</td>
    <td class="url"><a href=${formatRoute({ view: "requests", request: id })}>${host}${url}</a></td>
    <td class="number">${state === "active" ? "" : milliseconds(duration)}</td>
  </tr>`;
}

function withoutProxy() {
  return html`<p class="empty">
    The proxy is not enabled. With <code>proxy</code> and <code>services</code> in prox.yaml, this view shows each
    request to a service: method, URL, status, duration, headers and bodies, and the lines that its process wrote
    meanwhile.
  </p>`;
}
