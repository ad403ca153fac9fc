-- SPDX-License-Identifier: Apache-2.0
-- Requests for wrk, made before the run so that making them costs nothing while it lasts.
--
--   wrk -s bench/requests.lua URL -- KIND ITEMS
--
-- KIND names the requests; ITEMS is how many rows the table has. The last line printed is JSON.

local kinds = {
    ["static"] = function() return wrk.format("GET", "/livez") end,
    ["static-plain"] = function() return wrk.format("GET", "/static") end,
    ["point"] = function(id) return wrk.format("GET", "/rest/v1/items?id=eq." .. id) end,
    ["point-plain"] = function(id) return wrk.format("GET", "/items/" .. id) end,
    ["list"] = function(id) return wrk.format("GET", "/rest/v1/items?id=gt." .. id .. "&order=id&limit=20") end,
    ["list-plain"] = function(id) return wrk.format("GET", "/items?after=" .. id) end,
    ["insert"] = function(id)
        return wrk.format("POST", "/rest/v1/events", { ["Content-Type"] = "application/json" },
            '{"kind":"bench","payload":"a payload of some forty characters ' .. id .. '"}')
    end,
    ["insert-plain"] = function(id)
        return wrk.format("POST", "/events", { ["Content-Type"] = "application/json" },
            '{"kind":"bench","payload":"a payload of some forty characters ' .. id .. '"}')
    end,
}

local requests = {}
local next_request = 0
local thread_count = 0

function setup(thread)
    thread:set("seed", thread_count)
    thread_count = thread_count + 1
end

function init(args)
    local make = kinds[args[1]]
    local items = tonumber(args[2])
    math.randomseed(42 + seed)
    for i = 1, 8192 do
        requests[i] = make(math.random(1, items - 20))
    end
end

function request()
    next_request = next_request % 8192 + 1
    return requests[next_request]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"seconds":%.3f,"bytes":%d,"p50_us":%d,"p99_us":%d,"bad":%d,"broken":%d}\n',
        summary.requests, summary.duration / 1e6, summary.bytes,
        latency:percentile(50), latency:percentile(99), errors.status,
        errors.connect + errors.read + errors.write + errors.timeout))
end
