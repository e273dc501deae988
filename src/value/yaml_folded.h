// What becomes of a folded text (`>`) that go-yaml v3 writes and reads again, as kustomize does before it prints.
#pragma once

#include <string>
#include <string_view>

namespace slipway::value {

// go-yaml looks at the text's first line where it means the next (yaml.v3 3.0.1, yaml_emitter_write_folded_scalar): a
// line break before an indented line is doubled, and so on. Texts that it would not write folded stay as they are.
std::string folded_anew(std::string_view text);

}  // namespace slipway::value
