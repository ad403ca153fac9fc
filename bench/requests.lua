-- SPDX-License-Identifier: Apache-2.0
-- Requests for wrk, made before the run so that making them costs nothing while it lasts.
--
--   wrk -s bench/requests.lua URL -- KIND ITEMS TOKEN
--
-- KIND names the requests; ITEMS is how many rows the table has, TOKEN what a signed-in caller shows. The last
-- line printed is JSON.

local token
local json = { ["Content-Type"] = "application/json" }

local function get(path, headers)
    return wrk.format("GET", path, headers)
end

local function bearer()
    return { ["Authorization"] = "Bearer " .. token }
end

-- 1,000 rows; made anew for each request of the ring, which is short for these.
local function bulk(id)
    local out = {}
    for i = 1, 1000 do
        out[i] = '{"kind":"bench","payload":"a payload of some forty characters ' .. (id + i) .. '"}'
    end
    return "[" .. table.concat(out, ",") .. "]"
end

-- Few rows, and many values for each: a row that has the value already costs SQLite no write.
local function upsert(id)
    return '{"id":' .. id % 500 .. ',"value":' .. math.random(1, 1000000000) .. "}"
end

local ring = { ["bulk"] = 32, ["bulk-plain"] = 32 }

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
    ["one"] = function(id)
        return get("/rest/v1/books?select=id,title,authors(id,name)&id=gt." .. id .. "&order=id&limit=20")
    end,
    ["one-plain"] = function(id) return get("/books?after=" .. id) end,
    ["many"] = function(id)
        return get("/rest/v1/authors?select=id,name,books(id,title)&id=gt." .. id % 900 .. "&order=id&limit=20")
    end,
    ["many-plain"] = function(id) return get("/authors?after=" .. id % 900) end,
    ["count"] = function(id)
        return get("/rest/v1/books?author_id=eq." .. (1 + id % 1000) .. "&order=id&limit=5", { ["Prefer"] = "count=exact" })
    end,
    ["count-plain"] = function(id) return get("/counted?author=" .. (1 + id % 1000)) end,
    ["bulk"] = function(id) return wrk.format("POST", "/rest/v1/events", json, bulk(id)) end,
    ["bulk-plain"] = function(id) return wrk.format("POST", "/bulk", json, bulk(id)) end,
    ["upsert"] = function(id)
        local headers = { ["Content-Type"] = "application/json", ["Prefer"] = "resolution=merge-duplicates" }
        return wrk.format("POST", "/rest/v1/counters", headers, upsert(id))
    end,
    ["upsert-plain"] = function(id) return wrk.format("POST", "/counters", json, upsert(id)) end,
    ["rpc"] = function(id) return get("/rest/v1/rpc/books_of?author=" .. (1 + id % 1000)) end,
    ["rpc-plain"] = function(id) return get("/books-of?author=" .. (1 + id % 1000)) end,
    ["open"] = function(id)
        return get("/rest/v1/open_notes?owner=eq.person3&id=gt." .. id % 500 .. "&order=id&limit=20", bearer())
    end,
    ["policy"] = function(id)
        return get("/rest/v1/notes?id=gt." .. id % 500 .. "&order=id&limit=20", bearer())
    end,
    ["policy-plain"] = function(id) return get("/notes?after=" .. id % 500, bearer()) end,
    ["policy-tx-plain"] = function(id) return get("/policy-notes?after=" .. id % 500, bearer()) end,
}

local requests = {}
local next_request = 0
local count = 0
local thread_count = 0

function setup(thread)
    thread:set("seed", thread_count)
    thread_count = thread_count + 1
end

function init(args)
    local make = kinds[args[1]]
    local items = tonumber(args[2])
    token = args[3]
    count = ring[args[1]] or 8192
    math.randomseed(42 + seed)
    for i = 1, count do
        requests[i] = make(math.random(1, items - 20))
    end
end

function request()
    next_request = next_request % count + 1
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
