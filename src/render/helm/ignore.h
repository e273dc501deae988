// .helmignore: Helm's own dialect. Not gitignore: the first rule that matches wins, there is no **, and `!x` ignores
// all that does not match x. Source: reference/render.md 1.3.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::render::helm {

class IgnoreRules {
 public:
  // With Helm's default rule (templates/.?*) at the end. Errors: "double-star (**) syntax is not supported", "syntax
  // error in pattern".
  static Result<IgnoreRules> parse(std::string_view text);
  bool ignores(std::string_view path, bool directory) const;

 private:
  struct Rule {
    std::string pattern;
    bool negated = false, directories_only = false, base_name_only = false;
  };
  Result<> add(std::string_view line);
  std::vector<Rule> rules_;
};

// Go's filepath.Match: * and ? stay within a path's part, [a-z] and \x as usual. nullopt: a malformed pattern.
std::optional<bool> match_path(std::string_view pattern, std::string_view name);

}  // namespace slipway::render::helm
