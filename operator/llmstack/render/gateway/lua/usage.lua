-- The answer: token usage and whether a stream ended as it should, into the metadata that logs and spans read.
local TAIL = 4096 -- bytes kept between chunks: a usage object is a few hundred

local function number(object, name)
  return tonumber(object:match('"' .. name .. '"%s*:%s*(%d+)') or "")
end

local function read(handle)
  local kind = handle:headers():get("content-type") or ""
  local events = kind:find("text/event-stream", 1, true) ~= nil
  if not events and not kind:find("application/json", 1, true) then return end
  local function keep(name, value)
    -- Asked for anew each time: a handle from before a wait for the next chunk is dead.
    handle:streamInfo():dynamicMetadata():set("llm.usage", name, value)
  end
  local tail, model, done = "", nil, false
  for chunk in handle:bodyChunks() do
    local length = chunk:length()
    if length > 0 then
      local text = tail .. chunk:getBytes(0, length)
      if not model then
        model = text:match('"model"%s*:%s*"([^"\\]*)"')
        if model then keep("model", model) end
      end
      local usage
      for object in text:gmatch('"usage"%s*:%s*(%b{})') do usage = object end
      if usage then
        local input, output = number(usage, "prompt_tokens"), number(usage, "completion_tokens")
        if input then keep("input_tokens", input) end
        if output then keep("output_tokens", output) end
        keep("cached_tokens", number(usage, "cached_tokens") or 0)
      end
      if events and not done and text:find("data: [DONE]", 1, true) then
        done = true
        keep("done", true)
      end
      tail = text:sub(-TAIL)
    end
  end
end

function envoy_on_response(handle)
  local good, problem = pcall(read, handle)
  if not good then handle:logErr("usage.lua: " .. tostring(problem)) end
end
