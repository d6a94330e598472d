/**
 * A recorded request as a curl(1) command, safe to paste into a POSIX shell. The same rules as prox/core/curl.py.
 */

/** Maximum bytes of one argument; the limit of Linux is 128 KiB (execve(2), MAX_ARG_STRLEN). */
const MAX_WORD = 100_000;
const FROM_CURL = new Set(["host", "content-length", "connection", "transfer-encoding"]);
const EXACT_CHARSETS = new Set(["utf-8", "utf8", "us-ascii", "iso-8859-1"]);
const CONTROLS = /[\x00-\x1f\x7f-\x9f]/g;

/** No curl command would send the same request. */
export class NoCommand extends Error {}

/**
 * Return the command for a request of the API with `include=body`.
 * @param {object} request
 * @throws {NoCommand}
 */
export function curlOf(request) {
  const { method, scheme, host, url: target, details } = request;
  const headers = Object.entries(details.request_headers).flatMap(([name, values]) => values.map((v) => [name, v]));
  const names = new Set(headers.map(([name]) => name.toLowerCase()));
  const { text, base64, size } = exactBody(names, details.request_body);
  // Without these two, curl expands braces and removes dot segments.
  const words = ["curl", "--globoff", "--path-as-is"];
  if (method === "HEAD") {
    if (size) throw new NoCommand("curl sends no body with HEAD");
    // With `-X HEAD`, curl would wait for a body.
    words.push("--head");
  } else {
    words.push("-X", method);
  }
  const origin = `${scheme}://${host}`;
  if (target.startsWith("/")) words.push(`${origin}${target}`);
  else words.push("--request-target", target, `${origin}/`);
  // "NAME;" sends an empty field, "NAME:" removes one that curl would add.
  for (const [name, value] of headers) {
    if (!FROM_CURL.has(name.toLowerCase())) words.push("-H", value ? `${name}: ${value}` : `${name};`);
  }
  const hasBody = size > 0 || (method !== "HEAD" && names.has("content-length"));
  for (const name of ["Accept", "User-Agent", ...(hasBody ? ["Content-Type"] : [])]) {
    if (!names.has(name.toLowerCase())) words.push("-H", `${name}:`);
  }
  const command = words.map(quoted).join(" ").replace(CONTROLS, escaped);
  if (!hasBody) return command;
  // Not --data-binary: a body that begins with "@" would send a file.
  if (text !== null) return `${command} --data-raw ${quoted(text)}`;
  return `printf %s ${base64} | base64 -d | ${command} --data-binary @-`;
}

/** Return a word of a shell, quoted where that is necessary. */
export function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}

/** Return the body as text, if it can be an argument, and otherwise in base64. */
function exactBody(headerNames, body) {
  if (!body.size) return { text: "", base64: "", size: 0 };
  if (body.truncated) throw new NoCommand("its body was not recorded whole; raise proxy.capture.max_body_size");
  if (headerNames.has("content-encoding")) throw new NoCommand("its body is compressed");
  if (body.is_binary) return { text: null, base64: body.data, size: body.size };
  const octets = new TextEncoder().encode(body.data);
  const charset = /charset\s*=\s*"?([\w.:-]+)/i.exec(body.content_type)?.[1].toLowerCase();
  // Invalid octets were replaced by U+FFFD when the body was decoded, possibly without changing the size.
  const isExact = octets.length === body.size && !body.data.includes("\ufffd");
  if (!isExact || (charset && !EXACT_CHARSETS.has(charset))) throw new NoCommand("its body is not UTF-8");
  const isPlain = body.data.replace(/[\n\t]/g, "").search(CONTROLS) < 0;
  if (octets.length <= MAX_WORD && isPlain) return { text: body.data, base64: "", size: body.size };
  return { text: null, base64: toBase64(octets), size: body.size };
}

function toBase64(octets) {
  let text = "";
  for (const octet of octets) text += String.fromCharCode(octet);
  return btoa(text);
}

function escaped(character) {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
