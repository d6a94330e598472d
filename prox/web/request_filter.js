/**
 * Filter words of the view requests.
 *
 * `method:POST`, `status:404`, `status:5xx`, `path:/users`, `service:api`; any other word is looked for in the method,
 * the status, the host and the URL. All words must match; `!word` must not.
 */

const FIELDS = {
  method: (value) => (request) => request.method.toLowerCase() === value,
  status: (value) => (request) => statusMatches(request, value),
  path: (value) => (request) => request.url.toLowerCase().includes(value),
  service: (value) => (request) => (request.service ?? "").toLowerCase().includes(value),
};

/**
 * Compile filter words.
 * @param {string} text
 * @returns {(request: object) => boolean}
 */
export function compileRequestFilter(text) {
  const tests = text.toLowerCase().split(/\s+/).filter((word) => word && word !== "!").map(compileWord);
  return (request) => tests.every((each) => each(request));
}

/** Return the status of a request as text: `active` before its response begins, `failed` where there was none. */
export function statusText({ state, status_code: status, error }) {
  if (status) return String(status);
  return state === "active" ? "active" : error ? "failed" : "–";
}

/** Return the class of a status for the style sheet: `status-2xx`, `status-failed` and so on. */
export function statusClass(request) {
  const { status_code: status } = request;
  if (!status) return `status-${statusText(request) === "active" ? "active" : "failed"}`;
  return `status-${Math.floor(status / 100)}xx`;
}

function compileWord(word) {
  if (word.startsWith("!")) {
    const test = compileWord(word.slice(1));
    return (request) => !test(request);
  }
  const [, field, value] = /^(\w+):(.*)$/.exec(word) ?? [];
  if (Object.hasOwn(FIELDS, field ?? "")) return value ? FIELDS[field](value) : () => true;
  return ({ method, url, host, ...rest }) =>
    `${method} ${statusText(rest)} ${host ?? ""}${url}`.toLowerCase().includes(word);
}

function statusMatches(request, value) {
  const text = statusText(request);
  return /^\dx{1,2}$/.test(value) ? text[0] === value[0] && text.length === 3 : text === value;
}
