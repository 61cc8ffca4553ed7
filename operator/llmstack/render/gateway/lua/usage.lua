-- The answer: token usage and whether a stream ended as it should, into the metadata that logs and spans read.
local TAIL = 4096 -- bytes kept between chunks: a usage object is a few hundred

local function number(object, name)
  return tonumber(object:match('"' .. name .. '"%s*:%s*(%d+)') or "")
end

local function read(handle)
  local kind = handle:headers():get("content-type") or ""
  local events = kind:find("text/event-stream", 1, true) ~= nil
  if not events and not kind:find("application/json", 1, true) then return end
  local metadata = handle:streamInfo():dynamicMetadata()
  local tail, model, done = "", nil, false
  for chunk in handle:bodyChunks() do
    local length = chunk:length()
    if length > 0 then
      local text = tail .. chunk:getBytes(0, length)
      if not model then
        model = text:match('"model"%s*:%s*"([^"\\]*)"')
        if model then metadata:set("llm.usage", "model", model) end
      end
      local usage
      for object in text:gmatch('"usage"%s*:%s*(%b{})') do usage = object end
      if usage then
        local input, output = number(usage, "prompt_tokens"), number(usage, "completion_tokens")
        if input then metadata:set("llm.usage", "input_tokens", input) end
        if output then metadata:set("llm.usage", "output_tokens", output) end
        metadata:set("llm.usage", "cached_tokens", number(usage, "cached_tokens") or 0)
      end
      if events and not done and text:find("data: [DONE]", 1, true) then
        done = true
        metadata:set("llm.usage", "done", true)
      end
      tail = text:sub(-TAIL)
    end
  end
end

function envoy_on_response(handle)
  local good, problem = pcall(read, handle)
  if not good then handle:logErr("usage.lua: " .. tostring(problem)) end
end
