-- What wrk is told behind `--`: bytes of each request's body, requests sent at once.
-- Prints one line of JSON when it is done; times are in microseconds, as wrk counts.

function init(arguments)
   local body, pipelined = tonumber(arguments[1]), tonumber(arguments[2])
   if body > 0 then
      wrk.method = "POST"
      wrk.body = string.rep("x", body)
   end
   if pipelined > 1 then
      local requests = string.rep(wrk.format(), pipelined)
      request = function() return requests end
   end
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "duration": %d, "p50": %d, "p99": %d, "p999": %d, ' ..
      '"connect": %d, "read": %d, "write": %d, "timeout": %d, "status": %d}\n',
      summary.requests, summary.duration,
      latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
      errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end
