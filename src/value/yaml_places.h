// locate_yaml() for who asks often: the text is parsed once, at the first question.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::value {

// For one thread at a time.
class YamlPlaces {
 public:
  YamlPlaces(std::shared_ptr<const std::string> text, std::string file);
  ~YamlPlaces();
  // As locate_yaml().
  base::Place find(size_t document, std::string_view json_pointer);
  struct Found;

 private:
  std::shared_ptr<const std::string> text_;
  std::string file_;
  std::unique_ptr<const Found> found_;
};

}  // namespace slipway::value
