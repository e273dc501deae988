// "reg.io:5000/web:1@sha256:abc" in parts.
#pragma once

#include <string>
#include <string_view>

namespace slipway::render::kustomize {

struct ImageName {
  std::string name, tag, digest;
};
ImageName split_image_name(std::string_view image);

}  // namespace slipway::render::kustomize
