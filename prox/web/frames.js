/** The frames of a WebSocket, as a table. */
import { bytes, clock, counted } from "./format.js";
import { frameText } from "./frame_text.js";
import { html, nothing } from "./lit.js";

/**
 * Return the section of a request's frames; nothing for a request that is no WebSocket.
 * @param {{frames?: object[], frames_dropped?: number}} details of `GET /proxy/requests/ID?include=body`
 */
export function frames({ frames: list, frames_dropped: dropped }) {
  if (!list) return nothing;
  return html`<section aria-labelledby="frames">
    <h2 id="frames">Frames</h2>
    ${dropped ? html`<p class="hint">${counted(dropped, "earlier frame")} not kept.</p>` : nothing}
    ${list.length
      ? html`<div class="scroll frames" tabindex="0" role="group" aria-labelledby="frames">
          <table aria-label="Frames">
            <thead>
              <tr>
                ${["Time", "Direction", "Type", "Size", "Content"].map((name) => html`<th scope="col">${name}</th>`)}
              </tr>
            </thead>
            <tbody>
              ${list.map(row)}
            </tbody>
          </table>
        </div>`
      : html`<p class="empty">No frame has been sent yet.</p>`}
  </section>`;
}

function row(frame) {
  const { timestamp, direction, type, final, size, close_code: code } = frame;
  const kind = [type, code ?? "", final ? "" : "(continues)"].filter((each) => each !== "").join(" ");
  return html`<tr>
    <td><time>${clock(timestamp)}</time></td>
    <td>${direction === "sent" ? "→" : "←"} ${direction}</td>
    <td>${kind}</td>
    <td class="number">${bytes(size)}</td>
    <td class="url"><code>${frameText(frame)}</code></td>
  </tr>`;
}
