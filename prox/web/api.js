/** Requests to the API of the instance that serves this page. */

const BASE = "/api/v1";

/** An error response, or no response; `message` is a sentence for people, `code` the API's. */
export class ApiError extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

/**
 * Return the JSON of a resource and the id of the instance that answered.
 * @param {string} path below `/api/v1`
 * @returns {Promise<{data: any, instance: string|null}>}
 * @throws {ApiError}
 */
export async function getWithInstance(path) {
  const response = await ask(path, {});
  return { data: await json(response), instance: response.headers.get("X-Prox-Instance") };
}

/** Return the JSON of a resource; throws ApiError. */
export async function get(path) {
  return (await getWithInstance(path)).data;
}

/** Send a POST, with a JSON body if there is one, and return the JSON of the response; throws ApiError. */
export async function post(path, body) {
  // The header is what a page of another origin cannot send.
  const headers = { "X-Prox-Request": "1" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return json(await ask(path, { method: "POST", headers, body: body && JSON.stringify(body) }));
}

/** Return the number of the instance's log streams, of all clients; throws ApiError. */
export async function countSubscribers() {
  const text = await (await ask("/metrics", {}, "")).text();
  return Number(/^prox_log_subscribers (\d+)/m.exec(text)?.[1] ?? 0);
}

/** Return the path of a process, or of what is below it. */
export function processPath(name, ...parts) {
  return ["/processes", encodeURIComponent(name), ...parts].join("/");
}

async function ask(path, options, base = BASE) {
  try {
    return await fetch(`${base}${path}`, { cache: "no-store", ...options });
  } catch {
    throw new ApiError("prox does not answer", "NO_ANSWER");
  }
}

async function json(response) {
  let data = null;
  try {
    data = await response.json();
  } catch {
    // An empty or broken response: the status says what happened.
  }
  if (response.ok) return data;
  throw new ApiError(data?.error ?? `prox answered ${response.status}`, data?.code ?? "UNKNOWN");
}
