/** The page: the view of the address, the stream, and a rendering at most once per animation frame. */
import { baseName } from "./format.js";
import { render } from "./lit.js";
import { Model } from "./model.js";
import { parseRoute } from "./router.js";
import { follow } from "./session.js";
import { shell } from "./shell.js";
import { GraphView } from "./views/graph.js";
import { JobsView } from "./views/jobs.js";
import { LogsView } from "./views/logs.js";
import { ProcessView } from "./views/process.js";
import { ProcessesView } from "./views/processes.js";
import { RequestView } from "./views/request.js";
import { RequestsView } from "./views/requests.js";
import { RunView } from "./views/run.js";
import { SystemView } from "./views/system.js";

const VIEWS = {
  processes: ProcessesView,
  process: ProcessView,
  logs: LogsView,
  requests: RequestsView,
  request: RequestView,
  graph: GraphView,
  jobs: JobsView,
  run: RunView,
  system: SystemView,
};

/**
 * What the views share.
 * @typedef {{model: Model, schedule: () => void, act: (action: () => Promise<any>) => Promise<any>,
 *   look: {wraps: boolean, times: boolean}}} App
 *   `schedule`: render in the next frame; `act`: run an action of the user, and show its error
 */
const app = { model: new Model(), schedule, act, look: { wraps: true, times: true } };
const root = document.getElementById("app");
let route = parseRoute(location.hash);
let view = open(route);
let alertText = "";
let isScheduled = false;

function open(target) {
  const kind = target.process ? "process" : target.request ? "request" : target.run ? "run" : target.view;
  return new VIEWS[kind](app, target);
}

function schedule() {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(draw);
}

function draw() {
  if (!isScheduled) return;
  isScheduled = false;
  const { status } = app.model;
  const project = status ? baseName(status.project_dir) : "";
  document.title = [view.title, project, "prox"].filter(Boolean).join(" · ");
  render(shell({ app, route, view, project, alertText, onDismiss: () => say("") }), root);
  view.drawn?.();
}

async function act(action) {
  say("");
  try {
    return await action();
  } catch (error) {
    say(error.message);
    return undefined;
  } finally {
    schedule();
  }
}

function say(text) {
  alertText = text;
  schedule();
}

addEventListener("hashchange", () => {
  const next = parseRoute(location.hash);
  const isSame = next.view === route.view && view.routed?.(next);
  route = next;
  alertText = "";
  if (!isSame) {
    view.close?.();
    view = open(route);
    schedule();
    draw();
    // The name of the new view is read, and Tab continues there.
    root.querySelector("h1")?.focus();
  }
  schedule();
});

// What the user does is shown at once: assistive technology reads the state of a button after its click.
for (const name of ["click", "change"]) document.addEventListener(name, draw);
follow(app.model, { onChange: schedule });
schedule();
