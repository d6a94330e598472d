/** What is around every view: navigation, state of the connection, errors of actions. */
import { html, nothing } from "./lit.js";
import { VIEWS, formatRoute } from "./router.js";

/**
 * Return the template of the page.
 * @param {{app: import("./main.js").App, route: import("./router.js").Route, view: {title: string, template(): any,
 *   fills?: boolean}, project: string, alertText: string, onDismiss: () => void}} shown
 *   `fills`: whether the view takes the height of the window
 */
export function shell({ app, route, view, project, alertText, onDismiss }) {
  const { connection } = app.model;
  return html`
    <header>
      <span class="project"><span class="brand">prox</span> ${project}</span>
      <nav aria-label="Views">
        <ul>
          ${VIEWS.map((name) => link(name, route))}
        </ul>
      </nav>
      <span class="connection ${connection}"
        ><span class="dot" aria-hidden="true"></span><span role="status">${connection}</span></span
      >
    </header>
    <div class="alert" ?data-empty=${!alertText}>
      <div role="alert">${alertText}</div>
      ${alertText ? html`<button type="button" @click=${onDismiss}>Dismiss</button>` : nothing}
    </div>
    <main class=${view.fills ? "fills" : ""}>
      <h1 tabindex="-1">${view.title}</h1>
      ${view.template()}
    </main>
  `;
}

function link(name, route) {
  const isHere = route.view === name;
  const isPage = isHere && !route.process && !route.request && !route.run;
  return html`<li>
    <a href=${formatRoute({ view: name })} aria-current=${isHere ? (isPage ? "page" : "true") : nothing}
      >${titleOf(name)}</a
    >
  </li>`;
}

function titleOf(name) {
  return name[0].toUpperCase() + name.slice(1);
}
