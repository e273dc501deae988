// The objects of a text that Kubernetes' readers take: YAML documents between lines of "---", or JSON values one behind
// the other ("{}{}"). For lint.
#pragma once

#include <functional>
#include <string_view>

#include "render/helm/values.h"

namespace slipway::render::helm {

// As YAMLOrJSONDecoder: a text that begins with "{" is JSON until that fails, and YAML from there on unless two values
// were read already. Keeps a view of the text.
class ObjectStream {
 public:
  explicit ObjectStream(std::string_view text);

  // Gives the next object to `read`, whose error is encoding/json's. False: there is none any more. Errors: invalid, in
  // Kubernetes' words ("json: offset 8: invalid character 'x' ..."); nothing can be read behind one.
  Result<bool> next(const std::function<Result<>(const Value&)>& read);

 private:
  Result<bool> json_value(const std::function<Result<>(const Value&)>& read, bool& ambiguous);
  Result<bool> document(const std::function<Result<>(const Value&)>& read);
  bool skip_blanks();

  std::string_view rest_;
  size_t whole_size_;
  bool json_;
  int values_ = 0;  // read as JSON
};

}  // namespace slipway::render::helm
