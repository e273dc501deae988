// Words within a text: camelcase, snakecase and kebabcase. For this room.
#pragma once

#include <string>
#include <string_view>

namespace slipway::lang::sprig {

std::string pascal_case(std::string_view s);                    // "http_server" as "HttpServer"
std::string lower_with(std::string_view rest, char connector);  // "HTTPServer" as "http_server"

}  // namespace slipway::lang::sprig
