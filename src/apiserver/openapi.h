// /openapi/v2 and /openapi/v3: documents made once per generation of the catalog and kept as bytes.
#pragma once

#include <map>
#include <string>

#include "kinds/object.h"
#include "runtime/http.h"

namespace slipway::apiserver {

class OpenApi {
 public:
  explicit OpenApi(const kinds::Catalog& catalog) : catalog_(catalog) {}
  // Answers any path under /openapi/.
  Task<Result<>> serve(runtime::Exchange& exchange);

 private:
  struct Text {
    std::string bytes, hash;  // hash: 128 upper-case hex digits, the ETag
  };
  void forget_old();
  const Text& v2_json();
  const Text& v2_protobuf();
  const Text* v3(const std::string& path);  // "apis/apps/v1"; null: no such group version
  Task<Result<>> serve_v2(runtime::Exchange& exchange);
  Task<Result<>> serve_v3(runtime::Exchange& exchange, std::string path);

  const kinds::Catalog& catalog_;
  uint64_t generation_ = 0;
  std::map<std::string, Text> made_;
};

}  // namespace slipway::apiserver
