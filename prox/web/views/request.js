/** One request of the proxy in full. */
import { get, post } from "../api.js";
import { copyText } from "../clipboard.js";
import { NoCommand, curlOf } from "../curl.js";
import { bytes, clock, milliseconds } from "../format.js";
import { frames } from "../frames.js";
import { html, nothing } from "../lit.js";
import { fillRow } from "../log_row.js";
import { compileFind } from "../filter.js";
import { statusClass, statusText } from "../request_filter.js";
import { formatRoute } from "../router.js";

const MAX_BODY = 100_000;
const REFRESH = 1000;

export class RequestView {
  title = "Request";
  #app;
  #id;
  #request = null;
  #error = "";
  #note = "";
  #lines = [];
  #timer = null;

  constructor(app, { request }) {
    this.#app = app;
    this.#id = request;
    this.#load();
  }

  close() {
    clearTimeout(this.#timer);
    this.#id = null;
  }

  template() {
    const request = this.#request;
    if (!request) return html`<p class="empty">${this.#error || "Loading."}</p>`;
    const { method, scheme, host, url, details } = request;
    return html`
      <p class="summary">
        <strong>${method}</strong> <span class="url">${scheme}://${host}${url}</span>
        <span class=${statusClass(request)}>${statusText(request)}</span>
      </p>
      <p class="bar">
        <button type="button" @click=${() => this.#replay()}>Replay</button>
        <button type="button" @click=${() => this.#copy()}>Copy as curl</button>
        <a href="/api/v1/proxy/requests.har" download="requests.har">HTTP Archive (HAR)</a>
        <a href=${formatRoute({ view: "requests" })}>All requests</a>
        <span class="status" aria-live="polite">${this.#note}</span>
      </p>
      ${request.error ? html`<p class="reason">${request.error}</p>` : nothing}
      ${timing(request)} ${headers("Request headers", details.request_headers)}
      ${details.frames ? nothing : body("Request body", details.request_body)}
      ${headers("Response headers", details.response_headers)}
      ${details.frames ? frames(details) : body("Response body", details.response_body)}
      <section aria-labelledby="lines">
        <h2 id="lines">Lines written meanwhile</h2>
        ${this.#lines.length
          ? html`<div class="log-rows still wraps">${this.#lines}</div>`
          : html`<p class="empty">Its process wrote no lines during the request.</p>`}
      </section>
    `;
  }

  async #load() {
    const id = this.#id;
    try {
      this.#request = await get(`/proxy/requests/${id}?include=body`);
      const look = { times: true, names: true, find: compileFind("") };
      this.#lines = this.#request.details.logs.map((record) => {
        const element = document.createElement("div");
        fillRow(element, { ...record, blockLevel: record.level }, look);
        return element;
      });
    } catch (error) {
      this.#error = error.message;
    }
    this.#app.schedule();
    // A request under way, such as a WebSocket, is shown as it goes on.
    if (this.#id !== null && this.#request?.state === "active") {
      this.#timer = setTimeout(() => this.#refresh(), REFRESH);
    }
  }

  #refresh() {
    if (this.#id === null) return;
    if (document.hidden) this.#timer = setTimeout(() => this.#refresh(), REFRESH);
    else this.#load();
  }

  #replay() {
    this.#app.act(async () => {
      const made = await post(`/proxy/requests/${this.#id}/replay`, {});
      location.hash = formatRoute({ view: "requests", request: made.id });
    });
  }

  #copy() {
    this.#app.act(async () => {
      try {
        await copyText(curlOf(this.#request));
      } catch (error) {
        if (!(error instanceof NoCommand)) throw error;
        throw new Error(`cannot express this request as a curl command: ${error.message}; use Replay`);
      }
      this.#note = "copied";
    });
  }
}

function timing(request) {
  const frames = request.frames_sent === null ? "" : `${request.frames_sent} sent, ${request.frames_received} received`;
  const pairs = [
    ["Time", clock(request.timestamp)],
    ["Duration", request.state === "active" ? "under way" : milliseconds(request.duration_ms)],
    ["Service", request.service ?? ""],
    ["From", request.remote_addr],
    ["Request", bytes(request.request_bytes)],
    ["Response", bytes(request.response_bytes)],
    ["WebSocket frames", frames],
  ];
  const replayed = request.replay_of;
  return html`<section aria-labelledby="timing">
    <h2 id="timing">Timing</h2>
    <dl>
      ${pairs.filter(([, value]) => value).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
      ${replayed
        ? html`<div>
            <dt>Replay of</dt>
            <dd><a href=${formatRoute({ view: "requests", request: replayed })}>${replayed}</a></dd>
          </div>`
        : nothing}
    </dl>
  </section>`;
}

function headers(title, fields) {
  const pairs = Object.entries(fields).flatMap(([name, values]) => values.map((value) => [name, value]));
  if (!pairs.length) return nothing;
  return html`<section>
    <h2>${title}</h2>
    <dl class="environment">
      ${pairs.map(([name, value]) => html`<div><dt>${name}</dt><dd><code>${value}</code></dd></div>`)}
    </dl>
  </section>`;
}

function body(title, { size, truncated, content_type: type, is_binary: isBinary, data }) {
  if (!size) return nothing;
  const about = [bytes(size), type, truncated ? "not recorded whole" : ""].filter(Boolean).join(", ");
  const text = isBinary || data === undefined ? null : pretty(data, type);
  return html`<section>
    <h2>${title}</h2>
    <p class="hint">${about}</p>
    ${text === null
      ? html`<p class="empty">Binary data is not shown.</p>`
      : html`<pre tabindex="0" aria-label=${title}>${text.slice(0, MAX_BODY)}</pre>`}
    ${text !== null && text.length > MAX_BODY ? html`<p class="hint">The first ${MAX_BODY} characters.</p>` : nothing}
  </section>`;
}

/** Return JSON with indentation, and any other text as it is. */
function pretty(data, type) {
  if (!/\bjson\b/i.test(type) || data.length > MAX_BODY) return data;
  try {
    return JSON.stringify(JSON.parse(data), null, 2);
  } catch {
    return data;
  }
}
