/** Processes of the kind `job`. */
import { actionButtons, stateBadge } from "../actions.js";
import { clock } from "../format.js";
import { html, repeat } from "../lit.js";
import { formatRoute } from "../router.js";

export class JobsView {
  title = "Jobs";
  #app;

  constructor(app) {
    this.#app = app;
  }

  template() {
    const jobs = this.#app.model.list.filter((each) => each.kind === "job");
    if (!jobs.length) {
      return html`<p class="empty">
        There are no jobs. A job is an entry of <code>jobs</code> in prox.yaml and runs to its end; this view shows its
        state, its exit code and its last start.
      </p>`;
    }
    return html`<div class="scroll">
      <table aria-label="Jobs">
        <thead>
          <tr>
            ${["Name", "State", "Exit", "Last start", "Reason", "Actions"].map(
              (name) => html`<th scope="col">${name}</th>`,
            )}
          </tr>
        </thead>
        <tbody>
          ${repeat(
            jobs,
            (job) => job.name,
            (job) => this.#row(job),
          )}
        </tbody>
      </table>
    </div>`;
  }

  #row(job) {
    const { name, exit_code: code, signal, started_at: started, reason } = job;
    return html`<tr>
      <th scope="row"><a href=${formatRoute({ view: "processes", process: name })}>${name}</a></th>
      <td>${stateBadge(job)}</td>
      <td>${signal ?? (code === null ? "" : `code ${code}`)}</td>
      <td>${started ? clock(started) : ""}</td>
      <td class="reason">${reason ?? ""}</td>
      <td>${actionButtons(this.#app, job)}</td>
    </tr>`;
  }
}
