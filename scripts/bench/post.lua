-- Sends a JSON document from a file again and again, with a number in the place of
-- `NUMBER`, which no other request has.
--   wrk -s post.lua URL -- FILE TOKEN PREFIX

local before, after, prefix
local count = 0

function init(arguments)
  local file = assert(io.open(arguments[1]))
  before, after = file:read("*a"):match("^(.-)NUMBER(.*)$")
  file:close()
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. arguments[2]
  prefix = arguments[3]
end

function request()
  count = count + 1
  return wrk.format("POST", nil, nil, before .. prefix .. count .. after)
end
