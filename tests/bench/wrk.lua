-- For wrk: `wrk -s wrk.lua URL -- get FILE` asks for /v1/resources/ID of each line of FILE in turn,
-- `-- path PATH` for one path, `-- post PATH PREFIX` posts {"name": PREFIX-thread-number}. Ends with one line RESULT.
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  local kind = args[1]
  local count = 0
  if kind == "get" then
    local requests = {}
    for line in io.lines(args[2]) do
      requests[#requests + 1] = wrk.format("GET", "/v1/resources/" .. line)
    end
    request = function()
      count = count + 1
      return requests[count % #requests + 1]
    end
  elseif kind == "post" then
    request = function()
      count = count + 1
      local body = string.format('{"name": "%s-%d-%d"}', args[3], number, count)
      return wrk.format("POST", args[2], {["Content-Type"] = "application/json"}, body)
    end
  else
    local one = wrk.format("GET", args[2])
    request = function() return one end
  end
end

function done(summary, latency)
  local faults = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
                         latency:percentile(99), faults.status,
                         faults.connect + faults.read + faults.write + faults.timeout))
end
