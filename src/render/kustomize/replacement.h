// Replacements: a value found in one resource is written into others.
#pragma once

#include <optional>
#include <span>

#include "render/kustomize/folder.h"
#include "render/kustomize/kustomization.h"
#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

// Errors: invalid, with the place of the replacement: no source or several, a field that is not there.
Result<> apply_replacements(ResourceSet& set, std::span<const Replacement> replacements, const Folder& folder);

// One that stands here, and in no file of its own.
Result<> apply_replacement(ResourceSet& set, const Replacement& replacement);

// All, with those that stand in files of their own in place of their paths. Errors: as read there.
Result<std::vector<Replacement>> read_replacements(std::span<const Replacement> replacements, const Folder& folder);
// Which resources a target means. Errors: invalid (a broken expression, no selector).
Result<std::vector<size_t>> select_targets(ResourceSet& set, const ReplacementTarget& target);

// What a path leads to: names, indices, "-" for the last of a list, "[key=text]" for the first that has it.
std::optional<Value> field_at(const Value& object, std::span<const std::string> path);

// "spec.ports.[name=http].port" in parts: brackets with a = stay, "\." is a dot within a name.
std::vector<std::string> split_field_path(std::string_view path);

}  // namespace slipway::render::kustomize
