-- One destination: only the headers and fields that are named may leave for it.
local HEADERS = {
  [":method"] = true, [":path"] = true, [":authority"] = true, [":scheme"] = true, ["host"] = true,
  ["content-type"] = true, ["content-length"] = true, ["transfer-encoding"] = true, ["accept"] = true,
  ["traceparent"] = true, ["tracestate"] = true, ["x-request-id"] = true,
  -- Envoy finds no route without it; the route itself removes it.
  ["x-forwarded-proto"] = true,
}

local function shape(handle)
  local headers, gone = handle:headers(), {}
  for name in pairs(headers) do
    if not HEADERS[name] then gone[#gone + 1] = name end
  end
  for _, name in ipairs(gone) do headers:remove(name) end
  -- Read before the body: a handle from before that wait is dead after it.
  local policy = handle:metadata()
  local model, drop = policy:get("model"), {}
  if not model then return end
  for _, name in ipairs(policy:get("drop") or {}) do drop[name] = true end
  local body = handle:body()
  local length = body and body:length() or 0
  if length == 0 then return end
  local text = body:getBytes(0, length)
  local members, open = json_members(text)
  if not members then error(open) end
  local edited = json_edit(text, members, open, { model = '"' .. model .. '"' }, drop)
  handle:headers():replace("content-length", body:setBytes(edited))
end

function envoy_on_request(handle)
  local good, problem = pcall(shape, handle)
  if not good then
    handle:logErr("hop.lua: " .. tostring(problem))
    handle:respond({ [":status"] = "500" }, "The gateway could not prepare the request.")
  end
end

function envoy_on_response(handle)
  local status = handle:headers():get(":status")
  -- The rung refused the gateway's own credential: that is not the client's mistake, and the next rung may work.
  if (status == "401" or status == "403") and handle:metadata():get("model") then
    handle:headers():replace(":status", "502")
  end
end
