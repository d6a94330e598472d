-- Prints what wrk has measured as JSON on stderr; its own report rounds.
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout
  io.stderr:write(string.format(
    '{"requests": %d, "microseconds": %d, "bytes": %d, "failed": %d, "not_2xx": %d, "median": %d}\n',
    summary.requests, summary.duration, summary.bytes, failed, errors.status, latency:percentile(50)))
end
