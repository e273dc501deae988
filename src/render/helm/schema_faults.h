// What a value does against its schema, and how the validator that Helm uses says it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::render::helm {

struct Fault {
  std::string at, text;    // at: a JSON pointer
  bool group = false;      // several faults of one value: its parent takes them over
  bool reference = false;  // told only when it stands over several
  std::vector<Fault> causes;
};
using Faults = std::vector<Fault>;

// "- at '/age': minimum: got -5, want 0", a line each, causes indented.
std::string printed(const Faults& faults);

std::string quoted(std::string_view text);  // 'a'
std::string all_quoted(const std::vector<std::string>& texts);
std::string number_text(double d);  // "1,234.5", "1×10²¹"
std::string count_text(int64_t n);

}  // namespace slipway::render::helm
