-- Sends prepared requests, each once: `wrk -s requests.lua URL -- METHOD FILE TOKEN`, with a path and a body, parted by a tab, in
-- each line of FILE. Prints one line of JSON when every request was answered.
local sent, answered, refused, lines = 0, 0, 0, {}

function init(args)
   wrk.method = args[1]
   wrk.headers["authorization"] = "Bearer " .. args[3]
   wrk.headers["content-type"] = "application/json"
   for line in io.lines(args[2]) do
      local path, body = line:match("^([^\t]*)\t(.*)$")
      lines[#lines + 1] = wrk.format(nil, path, nil, body ~= "" and body or nil)
   end
end

-- A connection that is free when nothing is left sends the last one again; its answer is not counted.
function request()
   sent = math.min(sent + 1, #lines)
   return lines[sent]
end

function response(status)
   answered = answered + 1
   if answered <= #lines and (status < 200 or status > 299) then
      refused = refused + 1
      wrk.thread:set("refused", refused)
      wrk.thread:set("status", status)
   end
   if answered >= #lines then wrk.thread:stop() end
end

local threads = {}
function setup(thread) threads[#threads + 1] = thread end

function done(summary, latency)
   local refusals, status = 0, 0
   for _, thread in ipairs(threads) do
      refusals = refusals + (thread:get("refused") or 0)
      status = thread:get("status") or status
   end
   local broken = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
   print(string.format('{"requests": %d, "us": %d, "p50_us": %d, "p95_us": %d, "p99_us": %d, "refused": %d, "status": %d, "broken": %d}',
      summary.requests, summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99), refusals, status, broken))
end
