// "format" of JSON Schema: drafts 4 to 7 demand it; later ones only where their metaschema says so.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slipway::render::helm {

// Why `text` is not of this format; nothing when it is, or when the format is unknown.
std::optional<std::string> format_fault(std::string_view format, std::string_view text);

}  // namespace slipway::render::helm
