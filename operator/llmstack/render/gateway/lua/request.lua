-- The client's request: what may pass, which model, how many tokens. The policy is in the route's metadata.
local OPERATIONS = { ["/v1/chat/completions"] = "chat", ["/v1/completions"] = "text_completion" }

local function refuse(handle, text)
  handle:respond({ [":status"] = "400" }, text)
end

local function cap(raw, members_by, limit)
  local choices = tonumber(raw("n") or "") or 1
  local best = tonumber(raw("best_of") or "") or 1
  local allowed = math.max(1, math.floor(limit / math.max(1, choices, best)))
  local name = members_by["max_completion_tokens"] and "max_completion_tokens" or "max_tokens"
  local asked = tonumber(raw(name) or "")
  if asked and asked <= allowed then return name, nil end
  return name, string.format("%d", allowed)
end

local function with_usage(options)
  if not options or options == "null" then return '{"include_usage":true}' end
  local members, open = json_members(options)
  if not members then return nil end
  return json_edit(options, members, open, { include_usage = "true" }, {})
end

local function shape(handle)
  local path = handle:headers():get(":path"):match("^[^?]*")
  local operation = OPERATIONS[path]
  if not operation or handle:headers():get(":method") ~= "POST" then return end
  local body = handle:body()
  local length = body and body:length() or 0
  if length == 0 then return refuse(handle, "The request has no body.") end
  local text = body:getBytes(0, length)
  local members, open = json_members(text)
  if not members then return refuse(handle, "The body cannot be read: " .. open .. ".") end
  local by = {}
  for _, m in ipairs(members) do by[m.name] = m end
  local function raw(name)
    local m = by[name]
    return m and text:sub(m.first, m.last)
  end
  local model = raw("model")
  model = model and model:sub(1, 1) == '"' and json_string(model:sub(2, -2))
  if not model or model == "" then return refuse(handle, "You must provide a model parameter.") end
  local metadata = handle:streamInfo():dynamicMetadata()
  metadata:set("llm", "model", model)
  metadata:set("llm", "operation", operation)
  local stream = raw("stream") == "true"
  metadata:set("llm", "stream", stream)
  handle:clearRouteCache()
  local policy = handle:metadata()
  local fields = policy:get(operation)
  if not fields then return end -- the model is not served here: the catch-all route says so
  local allowed = {}
  for _, name in ipairs(fields) do allowed[name] = true end
  for _, m in ipairs(members) do
    if not allowed[m.name] then return refuse(handle, "Unrecognized request argument supplied: " .. m.name) end
  end
  local set = {}
  local limit = policy:get("max_output_tokens")
  if limit then
    local name, value = cap(raw, by, limit)
    if value then set[name] = value end
  end
  if stream then
    local options = with_usage(raw("stream_options"))
    if not options then return refuse(handle, "stream_options is not an object.") end
    set["stream_options"] = options
  end
  if next(set) then
    handle:headers():replace("content-length", body:setBytes(json_edit(text, members, open, set, {})))
  end
end

function envoy_on_request(handle)
  -- An error in Lua lets a request pass unshaped; this one is refused instead.
  local good, problem = pcall(shape, handle)
  if not good then
    handle:logErr("request.lua: " .. tostring(problem))
    handle:respond({ [":status"] = "500" }, "The gateway could not read the request.")
  end
end
