--- Blanks comments and strings of C and Lua; every line and column stays.

-- Each of these takes a text and the place where a piece opens, and returns
-- the place of the piece's last byte.  An unclosed piece ends with the text.

local function line_end(text, at)
  return (text:find("\n", at, true) or #text + 1) - 1
end

local function block_end(text, at, closer)
  local _, last = text:find(closer, at, true)
  return last or #text
end

local function quote_end(text, at)
  local stops = "[\\\n" .. text:sub(at, at) .. "]"
  local stop = text:find(stops, at + 1)
  while stop and text:sub(stop, stop) == "\\" do
    stop = text:find(stops, stop + 2)
  end
  return stop or #text
end

-- nil when no long bracket opens here.
local function bracket_end(text, at)
  local level = text:match("^%[(=*)%[", at)
  return level and block_end(text, at, "]" .. level .. "]")
end

local languages = {}

function languages.c(text, at)
  local two = text:sub(at, at + 1)
  if two == "/*" then return "comment", block_end(text, at + 2, "*/") end
  if two == "//" then return "comment", line_end(text, at) end
  if two:find "^[\"']" then return "string", quote_end(text, at) end
end

function languages.lua(text, at)
  if text:find("^%-%-", at) then
    return "comment", bracket_end(text, at + 2) or line_end(text, at)
  end
  if text:find("^[\"']", at) then return "string", quote_end(text, at) end
  local last = bracket_end(text, at)
  if last then return "string", last end
end

local openers = { c = "[/\"']", lua = "[%-\"'%[]" }

local extensions = {
  c = "c", h = "c", def = "c", lua = "lua", rockspec = "lua",
}

local function blank(piece)
  return (piece:gsub("[^\n]", " "))
end

-- A string keeps its opening quote, so that `f "x"` still reads as a call.
local blanked = {
  comment = blank,
  string = function(piece) return piece:sub(1, 1) .. blank(piece:sub(2)) end,
}

--- Returns the text with its pieces of the hidden kinds blanked.
---
---@param path string decides the language; others come back as they are
---@param text string
---@param hidden table<string, boolean> kinds: "comment", "string"
---@return string
return function(path, text, hidden)
  local language = extensions[path:match "%.(%w+)$"]
  if not language then return text end
  local out, here = {}, 1
  local at = text:find(openers[language])
  while at do
    local kind, last = languages[language](text, at)
    local piece = text:sub(at, last or at)
    out[#out + 1] = text:sub(here, at - 1)
    out[#out + 1] = hidden[kind] and blanked[kind](piece) or piece
    here = at + #piece
    at = text:find(openers[language], here)
  end
  out[#out + 1] = text:sub(here)
  return table.concat(out)
end
