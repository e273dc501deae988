// What "$ARGOCD_APP_NAME" and the like stand for in an Application's options.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::render {

using Variables = std::vector<std::pair<std::string, std::string>>;

// Go's os.Expand: $NAME and ${NAME}; unknown ones are empty, $$ is a dollar.
std::string expand(std::string_view text, const Variables& variables);

}  // namespace slipway::render
