// A replacement whose path leads into a text that is itself YAML or JSON: `data.conf\.yaml.server.port`.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "render/kustomize/budget.h"
#include "render/kustomize/kustomization.h"

namespace slipway::render::kustomize {

// The text with the value written to where the path leads in it: YAML with its comments, order and quotes as they were,
// laid out as kustomize lays out; JSON on one line, or indented where it was. Nothing when the text is neither, the
// path leads nowhere, the value cannot be written there, or the budget is spent by writing it.
std::optional<std::string> written_within(const std::string& text, std::span<const std::string> path,
                                          const Value& value, const FieldOptions& options, Budget* budget = nullptr);

// `there` with the value in place of one of its delimited parts (`options.index`), before all or behind all.
std::string with_part(std::string_view there, const std::string& value, const FieldOptions& options);

}  // namespace slipway::render::kustomize
