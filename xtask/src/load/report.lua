-- What wrk ends with, for `cargo xtask load`: requests, microseconds, then the latencies in microseconds at which so
-- many of a hundred were answered, then requests that failed, then answers that were no success.
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    "measured %d %d %d %d %d %d %d\n",
    summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
    errors.connect + errors.read + errors.write + errors.timeout, errors.status
  ))
end
