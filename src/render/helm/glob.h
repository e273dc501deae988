// Patterns of .Files.Glob: gobwas/glob with / as separator. * stays within a part, ** does not, ? is one character,
// [a-c],
// [!a-c] and {one,two} as usual, \ takes the next as it is. What is no pattern matches everything, as in Helm.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace slipway::render::helm {

class Glob {
 public:
  explicit Glob(std::string_view pattern);
  ~Glob();
  bool matches(std::string_view path) const;

 private:
  std::unique_ptr<re2::RE2> expression_;  // null: everything
};

}  // namespace slipway::render::helm
