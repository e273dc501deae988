// Reading JSON as json.Unmarshal into interface{}. For this room.
#pragma once

#include <string>
#include <string_view>

#include "value/value.h"

namespace slipway::lang::sprig {

// Every number a real. False: `error` in encoding/json's words ("unexpected end of JSON input").
bool decode_json(std::string_view text, Value& out, std::string& error);
// "json: cannot unmarshal array into Go value of type map[string]interface {}"
std::string wrong_go_type(const Value& v, std::string_view wanted);

}  // namespace slipway::lang::sprig
