-- Reads the top level of a JSON object without building it, so that edits keep every other byte as it was sent.
local byte, find, sub = string.byte, string.find, string.sub
local MAX_DEPTH = 128
local CLOSER = { [123] = 125, [91] = 93 }
local ESCAPE = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function string_end(s, i) -- i: the opening quote; returns the closing one
  local q = i
  while true do
    q = find(s, '"', q + 1, true)
    if not q then return nil end
    local b = q - 1
    while byte(s, b) == 92 do b = b - 1 end
    if (q - 1 - b) % 2 == 0 then return q end
  end
end

local function utf8(code)
  if code < 0x80 then return string.char(code) end
  if code < 0x800 then return string.char(0xC0 + math.floor(code / 0x40), 0x80 + code % 0x40) end
  if code < 0x10000 then
    return string.char(0xE0 + math.floor(code / 0x1000), 0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
  end
  return string.char(0xF0 + math.floor(code / 0x40000), 0x80 + math.floor(code / 0x1000) % 0x40,
    0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
end

function json_string(raw) -- raw: between the quotes; nil when an escape is wrong
  if find(raw, "[%z\1-\31]") then return nil end
  if not find(raw, "\\", 1, true) then return raw end
  local out, i = {}, 1
  while i <= #raw do
    local c = sub(raw, i, i)
    if c ~= "\\" then
      local stop = find(raw, "\\", i, true) or #raw + 1
      out[#out + 1] = sub(raw, i, stop - 1)
      i = stop
    else
      local e = sub(raw, i + 1, i + 1)
      if e == "u" then
        local code = tonumber(raw:match("^%x%x%x%x", i + 2) or "", 16)
        if not code then return nil end
        i = i + 6
        if code >= 0xD800 and code < 0xDC00 then
          local low = tonumber(raw:match("^\\u(%x%x%x%x)", i) or "", 16)
          if not low or low < 0xDC00 or low > 0xDFFF then return nil end
          code = 0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00)
          i = i + 6
        end
        out[#out + 1] = utf8(code)
      else
        if not ESCAPE[e] then return nil end
        out[#out + 1] = ESCAPE[e]
        i = i + 2
      end
    end
  end
  return table.concat(out)
end

local function scalar_end(s, i)
  local e = (find(s, "[,}%]%s]", i) or #s + 1) - 1
  local text = sub(s, i, e)
  if text == "true" or text == "false" or text == "null" then return e end
  local int, rest = text:match("^%-?(%d+)(.*)$")
  if not int or (#int > 1 and byte(int) == 48) then return nil end
  rest = rest:gsub("^%.%d+", ""):gsub("^[eE][+-]?%d+$", "")
  return rest == "" and e or nil
end

local function value_end(s, i) -- i: first byte of a value; returns its last byte
  local c = byte(s, i)
  if c == 34 then return string_end(s, i) end
  if not CLOSER[c] then return c and scalar_end(s, i) end
  local stack, p = { CLOSER[c] }, i
  while true do
    p = find(s, '["{}%[%]]', p + 1)
    if not p then return nil end
    local d = byte(s, p)
    if d == 34 then
      p = string_end(s, p)
      if not p then return nil end
    elseif CLOSER[d] then
      if #stack == MAX_DEPTH then return nil end
      stack[#stack + 1] = CLOSER[d]
    else
      if stack[#stack] ~= d then return nil end
      stack[#stack] = nil
      if #stack == 0 then return p end
    end
  end
end

-- Returns a list of members {name, key_start, value_start, value_end} and the place of the opening brace,
-- or nil and what is wrong.
function json_members(s)
  local _, open = find(s, "^%s*{")
  if not open then return nil, "the body is not a JSON object" end
  local members, seen = {}, {}
  local i = find(s, "%S", open + 1)
  if i and byte(s, i) == 125 then
    if find(s, "%S", i + 1) then return nil, "there is something after the object" end
    return members, open
  end
  while i do
    if byte(s, i) ~= 34 then return nil, "a name was expected" end
    local key_end = string_end(s, i)
    local name = key_end and json_string(sub(s, i + 1, key_end - 1))
    if not name then return nil, "a name is not a JSON string" end
    if seen[name] then return nil, "the field " .. name .. " is there twice" end
    seen[name] = true
    local _, v = find(s, "^%s*:%s*", key_end + 1)
    local e = v and value_end(s, v + 1)
    if not e then return nil, "the value of " .. name .. " is not JSON" end
    members[#members + 1] = { name = name, key = i, first = v + 1, last = e }
    i = find(s, "%S", e + 1)
    local c = i and byte(s, i)
    if c == 125 then
      if find(s, "%S", i + 1) then return nil, "there is something after the object" end
      return members, open
    end
    if c ~= 44 then return nil, "a comma was expected after " .. name end
    i = find(s, "%S", i + 1)
  end
  return nil, "the object does not end"
end

-- Applies edits: set[name] = raw JSON value; drop[name] = true. Members that are not there are added at the front.
function json_edit(s, members, open, set, drop)
  local out, place, first, left = { sub(s, 1, open) }, open + 1, true, {}
  for name in pairs(set) do left[name] = true end
  local body = {}
  for _, m in ipairs(members) do
    if not drop[m.name] then
      local value = set[m.name] or sub(s, m.first, m.last)
      left[m.name] = nil
      body[#body + 1] = sub(s, m.key, m.first - 1) .. value
    end
  end
  local added = {}
  for name in pairs(left) do added[#added + 1] = '"' .. name .. '":' .. set[name] end
  table.sort(added)
  for _, text in ipairs(body) do added[#added + 1] = text end
  local tail = #members > 0 and sub(s, members[#members].last + 1) or sub(s, place)
  return out[1] .. table.concat(added, ",") .. tail
end
