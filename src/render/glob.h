// Patterns as gobwas/glob reads them, which Helm and Argo CD use: * stays within a part, where parts are separated, **
// does not, ? is one character, [a-c], [!a-c] and {one,two{3,4}} as usual, \ takes the next as it is. Matching takes a
// time that grows with the pattern and the text, whatever is in them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace slipway::render {

class Glob {
 public:
  // Parts are separated by '/', or there are none and stars cross everything.
  enum class Parts { by_slash, none };
  // Errors: invalid, when it is no pattern; too_large.
  static Result<Glob> create(std::string_view pattern, Parts parts);
  bool matches(std::string_view text) const;

 private:
  std::optional<std::string> literal_;          // without special characters
  std::shared_ptr<const re2::RE2> expression_;  // null beside no literal: everything
};

}  // namespace slipway::render
